"""Kernels that begin with their libraries imported.

Each chapter wants SymPy, torch and the package. Importing them takes seconds, and a book has many chapters. So one
process imports them once. For each kernel it then makes a copy of itself (``fork``), which has them from the start and
shares nothing else with the other copies.
"""

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace

LIBRARIES = ("ipykernel.kernelapp", "matplotlib.pyplot", "sympy", "torch")
OWN = "activations"
"""The book's package, imported with all of its modules but these."""
LOOK_FOR_A_KERNEL = {f"{OWN}.{name}" for name in ("explore", "figures", "lab")}
"""Imported inside a kernel they make its figures the book's; imported before there is one, they would not."""
CAN_FORK = sys.platform == "linux"
"""Windows cannot, and on a Mac the system's own libraries do not stand it."""


# In the process that is copied


def serve() -> None:
    """Import, say so, then make a kernel for each line that comes in; its process number goes out."""
    _import_all()
    gc.freeze()  # else the first search for garbage in each copy would write to, and so copy, every page of memory
    signal.signal(signal.SIGCHLD, _bury)
    print("ready", flush=True)
    for line in sys.stdin:
        if os.fork() == 0:
            return _become_kernel(**json.loads(line))


def _bury(*_: object) -> None:
    """Take note of kernels that have ended, so that they are gone, and their work counts as ours."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _import_all() -> None:
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # a kernel would choose it, but too late
    # What cannot be imported is for the chapter to report that wants it.
    for name in (*LIBRARIES, OWN):
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    for module in pkgutil.walk_packages(getattr(sys.modules.get(OWN), "__path__", ()), f"{OWN}."):
        if module.name not in LOOK_FOR_A_KERNEL and not module.name.endswith("__main__"):
            with contextlib.suppress(Exception):
                importlib.import_module(module.name)


def _become_kernel(arguments: list[str], folder: str, variables: dict[str, str]) -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    print(os.getpid(), flush=True)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = ["ipykernel_launcher", *arguments, f"--IPKernelApp.parent_handle={os.getppid()}"]
    importlib.import_module("ipykernel.kernelapp").launch_new_instance()


# In the build


class Kernel:
    """A copy, with what Jupyter asks of a process it has started itself."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        """None while it runs. How it ended is not known: it is no child of the build."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    wait = poll

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class Nursery:
    """The process that is copied, seen from the build."""

    def __init__(self) -> None:
        # -P: the folder of this file is no place to import from. A session of its own: Ctrl-C is for the build.
        program = [sys.executable, "-P", __file__]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "start_new_session": True}
        self._process = subprocess.Popen(program, text=True, **pipes)
        self._one_at_a_time = threading.Lock()
        self._ready = False

    def ready(self) -> bool:
        """Whether it has imported everything and lives; this does not wait."""
        with self._one_at_a_time:
            if self._process.poll() is not None:
                return False
            if not self._ready and select.select([self._process.stdout], [], [], 0)[0]:
                self._ready = self._process.stdout.readline() == "ready\n"
            return self._ready

    def start(self, arguments: list[str], folder: str, variables: dict[str, str]) -> Kernel:
        """A new kernel."""
        request = {"arguments": arguments, "folder": str(folder), "variables": variables}
        with self._one_at_a_time:
            print(json.dumps(request), file=self._process.stdin, flush=True)
            return Kernel(int(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process; kernels that still run end with it."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


@contextlib.contextmanager
def warm_kernels() -> Iterator[None]:
    """Inside the block, Jupyter starts its kernels this way, as soon as the imports are done."""
    from jupyter_client.provisioning import KernelProvisionerFactory

    factory = KernelProvisionerFactory.instance()
    before = factory.default_provisioner_name
    nursery = Nursery()
    factory.provisioners["warm"] = SimpleNamespace(load=lambda: _provisioner(nursery))
    factory.default_provisioner_name = "warm"
    try:
        yield
    finally:
        factory.default_provisioner_name = before
        nursery.close()


def _provisioner(nursery: Nursery) -> type:
    from jupyter_client.provisioning import LocalProvisioner

    class WarmProvisioner(LocalProvisioner):
        """Jupyter's own, but for the start."""

        async def launch_kernel(self, cmd: list[str], **options: object) -> dict:
            if not nursery.ready():
                return await super().launch_kernel(cmd, **options)
            arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
            self.process = nursery.start(arguments, options.get("cwd") or os.getcwd(), options["env"])
            self.pid = self.pgid = self.process.pid
            return self.connection_info

    return WarmProvisioner


if __name__ == "__main__":
    serve()
