"""An explorable in a real JupyterLab: the live widget, and its selection in Python."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import TimeoutError

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).parents[1]
CELLS = [
    "from activations import gallery\n"
    "from activations.explore import explore\n"
    "widget = explore(gallery.sigmoid_microscope, scale=[1, 2, 4], shift=[0], point=[0, 1])\n"
    "widget",
    "print('selected', widget.selection['scale'])",
]


@pytest.fixture
def lab(tmp_path, wait_for):
    """The address of a JupyterLab on this machine, with one notebook in its folder."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "live.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", f"--port={port}", "--ip=127.0.0.1", "--IdentityProvider.token="]
    private = {name: str(tmp_path / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    environment = {**os.environ, **private, "PYTHONPATH": str(ROOT / "code")}
    environment |= {f"JUPYTERLAB_{name}_DIR": str(tmp_path / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
    log = (tmp_path / "lab.log").open("w")
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options, f"--ServerApp.root_dir={tmp_path}"],
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/api", server, tmp_path / "lab.log")
        yield address
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def _run_until(page, number, output):
    """Run a cell until its output is there: on a busy machine JupyterLab may lose the first key while it loads."""
    for _ in range(6):
        page.locator(".jp-Notebook .jp-CodeCell").nth(number).locator(".jp-InputArea-editor").click()
        page.keyboard.press("Control+Enter")
        try:
            output.first.wait_for(state="attached", timeout=20_000)
            return
        except TimeoutError:
            continue
    output.first.wait_for(state="attached")


def _answer(dialog):
    """On a busy machine JupyterLab may ask which kernel, or say that the server is slow: do what it proposes."""
    print("JupyterLab says:", dialog.inner_text())
    dialog.locator(".jp-mod-accept").click()


def test_the_widget_is_live_and_python_sees_the_choice(browser, lab):
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.set_default_timeout(120_000)
    page.add_locator_handler(page.locator(".jp-Dialog"), _answer)
    page.goto(f"{lab}/lab/tree/live.ipynb?reset")
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()  # the kernel has answered
    widget = page.locator(".jp-OutputArea-output .explorable")
    _run_until(page, 0, widget.locator("svg.plot"))
    slider = widget.locator("input[type=range]").first
    slider.focus()
    slider.press("End")
    page.wait_for_timeout(500)  # the choice travels to the kernel
    _run_until(page, 1, page.get_by_text("selected 4", exact=True))
    page.close()
