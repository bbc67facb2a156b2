"""Kernels that begin with their libraries imported: the same as others, but for the wait."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "_ext"))

import warm_kernels  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not warm_kernels.CAN_FORK, reason="only Linux copies a process that has imported so much"),
]


def _wait(for_what) -> None:
    for _ in range(600):
        if for_what():
            return
        time.sleep(0.1)
    pytest.fail("it did not happen")


@pytest.fixture(scope="module")
def nursery():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT / "code"))
        nursery = warm_kernels.Nursery()
    _wait(nursery.ready)
    yield nursery
    nursery.close()


@pytest.fixture
def run(nursery, monkeypatch, tmp_path):
    """Executes cells in one kernel and returns what each put out."""
    monkeypatch.setattr(warm_kernels, "Nursery", lambda: nursery)
    monkeypatch.setattr(nursery, "close", lambda: None)

    def run(*sources: str) -> list[list[dict]]:
        notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
        options = {"extra_arguments": ["--log-level=CRITICAL"], "coalesce_streams": True}
        with warm_kernels.warm_kernels():
            NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}, **options).execute()
        return [cell.outputs for cell in notebook.cells]

    return run


def _printed(outputs: list[dict]) -> str:
    (stream,) = outputs
    assert stream["name"] == "stdout"
    return stream["text"].strip()


def test_the_libraries_and_the_package_are_there_before_the_first_cell(run):
    wanted = ["torch", "sympy", "matplotlib.pyplot", "activations.catalogue", "activations.claims.sigmoid"]
    (outputs,) = run(f"import sys\nprint([name for name in {wanted} if name not in sys.modules])")
    assert _printed(outputs) == "[]"


def test_it_runs_where_and_as_it_was_told(run, tmp_path, monkeypatch):
    monkeypatch.setenv("SAID_AFTERWARDS", "yes")
    (outputs,) = run("import os, sys\nprint(os.getcwd(), os.environ['SAID_AFTERWARDS'], '_ext' in ''.join(sys.path))")
    assert _printed(outputs) == f"{tmp_path} yes False"


def test_one_kernel_shares_nothing_with_the_next(run):
    run("import sympy\nsympy.changed = True\nchanged = True\nimport os\nos.environ['CHANGED'] = 'yes'")
    (outputs,) = run("import os, sympy\nprint(hasattr(sympy, 'changed'), 'changed' in dir(), 'CHANGED' in os.environ)")
    assert _printed(outputs) == "False False False"


def test_each_cell_shows_its_figure_in_the_style_of_the_book(run):
    draw = "figures.draw(charts.activation_chart('tanh'));"
    _, *drawn = run("from activations import charts, figures", draw, draw)
    for outputs in drawn:
        (figure,) = outputs
        assert "image/svg+xml" in figure["data"]
    first, second = (figure["data"]["image/svg+xml"] for (figure,) in drawn)
    assert first == second


def test_what_a_cell_writes_past_python_disturbs_no_other_kernel(run):
    run("import os\nos.write(1, b'123\\n');")
    (outputs,) = run("print('still there')")
    assert _printed(outputs) == "still there"


def test_an_error_comes_back_with_its_cell(run):
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        run("1 / 0")


def test_a_kernel_that_dies_is_noticed_and_the_next_one_lives(run):
    with pytest.raises(DeadKernelError):
        run("import os\nos._exit(1)")
    (outputs,) = run("print(1 + 1)")
    assert _printed(outputs) == "2"


def test_before_the_imports_are_done_kernels_start_as_ever(nursery, run, monkeypatch):
    monkeypatch.setattr(nursery, "ready", lambda: False)
    (outputs,) = run("import sys\nprint('torch' in sys.modules)")
    assert _printed(outputs) == "False"


def test_what_cannot_be_imported_is_left_to_the_chapter_that_wants_it(tmp_path):
    package = tmp_path / "activations"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "broken.py").write_text("import no_such_library\n")
    (package / "whole.py").write_text("VALUE = 7\n")
    program = (
        "import sys, warm_kernels\nwarm_kernels.LIBRARIES = ('no_such_library',)\n"
        "warm_kernels._import_all()\nprint(sorted(sys.modules))"
    )
    environment = {"PYTHONPATH": f"{tmp_path}:{ROOT / '_ext'}"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert "'activations.whole'" in done.stdout
    assert "'activations.broken'" not in done.stdout


def test_no_process_outlives_the_build(tmp_path):
    build = tmp_path / "build.py"
    build.write_text(
        "import os, time\nimport warm_kernels\n"
        "nursery = warm_kernels.Nursery()\nwhile not nursery.ready():\n    time.sleep(0.1)\n"
        "kernel = nursery.start(['-f', os.path.abspath('connection.json')], os.getcwd(), dict(os.environ))\n"
        "print(nursery._process.pid, kernel.pid, flush=True)\ntime.sleep(600)\n"
    )
    environment = {"PYTHONPATH": str(ROOT / "_ext"), "HOME": str(tmp_path)}
    running = subprocess.Popen(
        [sys.executable, build], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    )
    started = [warm_kernels.Kernel(int(number)) for number in running.stdout.readline().split()]
    connected = tmp_path / "connection.json"
    _wait(connected.exists)
    assert [one.poll() for one in started] == [None, None]
    running.kill()
    running.communicate()
    for one in started:
        _wait(lambda one=one: one.poll() is not None)


def _work_of_children(nursery) -> float:
    """Seconds that the ended children of the process have worked."""
    fields = Path(f"/proc/{nursery._process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")  # the user's share and the system's


def test_what_a_kernel_has_done_counts_as_work_of_the_build(nursery, run):
    before = _work_of_children(nursery)
    run("import time\nstart = time.process_time()\nwhile time.process_time() < start + 2:\n    pass")
    _wait(lambda: _work_of_children(nursery) > before + 1.5)


def test_a_kernel_that_nobody_sent_elsewhere_runs_here(nursery, run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    notebook = new_notebook(cells=[new_code_cell("import os\nprint(os.getcwd())")])
    with warm_kernels.warm_kernels():
        NotebookClient(notebook, timeout=60).execute()
    assert _printed(notebook.cells[0].outputs) == str(tmp_path)


def test_without_the_process_to_copy_kernels_start_as_ever():
    nursery = warm_kernels.Nursery()
    nursery._process.kill()
    nursery._process.wait()
    assert not nursery.ready()
    nursery.close()
