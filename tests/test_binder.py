"""What the launch buttons open: Binder's environment, and every chapter in it as a notebook that runs.

repo2docker itself says what Binder would do; ``binder_environment`` (conftest.py) does the same on this machine.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import quote

import jupytext
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from playwright.sync_api import expect

ROOT = Path(__file__).parents[1]
BINDER = ROOT / "binder"

# Named because of what is in them: an explorable, a lab, and claims with tables.
RUN = {"xor": ".explorable svg.plot", "design-your-own": ".widget-button", "affine-collapse": ".claim details"}
HEAVIEST = "recurrent"


def _chapters() -> list[str]:
    """Every page of the table of contents that is written as a notebook."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8"))
    files = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    return [file for file in files if "kernelspec:" in (ROOT / f"{file}.md").read_text(encoding="utf8")]


def _pins(path: Path) -> dict[str, str]:
    """Each package that the file names, with its exact version; a line that pins less than that fails."""
    pins = {}
    for line in path.read_text(encoding="utf8").splitlines():
        if line and not line.startswith(("#", "-")):
            name, version = re.fullmatch(r"([\w.-]+)==([\w.+]+)(?:  # .*)?", line).groups()
            pins[canonicalize_name(name)] = version
    return pins


# --- what is asked for -----------------------------------------------------------------------------------------------


def test_the_versions_are_those_of_the_book():
    binder, book = _pins(BINDER / "requirements.txt"), _pins(ROOT / "requirements.txt")
    tests = _pins(ROOT / "requirements-dev.txt")
    assert {name: binder[name] for name in binder.keys() & book.keys()} == {
        name: book[name] + ("+cpu" if name == "torch" else "") for name in binder.keys() & book.keys()
    }
    assert {name: binder[name] for name in binder.keys() & tests.keys()} == {
        name: tests[name] for name in binder.keys() & tests.keys()
    }


def test_all_that_the_package_and_its_experiments_need_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    extras = project["optional-dependencies"]
    needed = map(Requirement, project["dependencies"] + extras["torch"] + extras["experiments"])
    pins = _pins(BINDER / "requirements.txt")
    missing = [str(one) for one in needed if one.name != "activations" and not one.specifier.contains(pins[one.name])]
    assert not missing


def test_nothing_that_builds_the_book_and_no_cuda_is_asked_for():
    pins = _pins(BINDER / "requirements.txt")
    assert not [name for name in pins if re.match("sphinx|jupyter-book|myst-nb|docutils|nvidia|cuda|triton", name)]
    assert "--extra-index-url https://download.pytorch.org/whl/cpu\n" in (BINDER / "requirements.txt").read_text()
    assert pins["torch"].endswith("+cpu")


def test_no_cell_of_code_changes_in_the_image(tmp_path):
    _as_in_the_image(tmp_path / "chapters")
    for chapter in _chapters():
        before, after = (
            [cell.source for cell in jupytext.read(folder / f"{chapter}.md").cells if cell.cell_type == "code"]
            for folder in (ROOT, tmp_path)
        )
        assert before == after, chapter


def test_a_question_shows_its_options_and_folds_its_answers(monkeypatch):
    monkeypatch.syspath_prepend(str(BINDER))
    from readable import readable

    choice = ":::{check-yourself}\nOne or two?\n\n- [x] one\n\n  Count.\n- [ ] two\n\n  Too many.\n:::\nNext."
    shown, folded = readable(choice).split("::::{admonition} Answer\n:class: dropdown\n")
    assert shown == "::::{admonition} Check yourself\nOne or two?\n\n- one\n- two\n::::\n\n"
    assert folded == "- **Right.** one\n\n  Count.\n- **No.** two\n\n  Too many.\n::::\nNext."
    number = readable("```{check-yourself}\nHow many?\n\n- [=] 42 ± 1\n\n  Count.\n```")
    assert "42" not in number.split("Answer")[0] and "- 42 ± 1\n\n  Count." in number


@pytest.mark.slow
def test_repo2docker_understands_it_as_we_do():
    program = shutil.which("jupyter-repo2docker", path=Path(sys.executable).parent)
    options = ["--no-build", "--debug", "--user-id=1000", "--user-name=reader", str(ROOT)]
    done = subprocess.run([program, *options], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-4000:]
    dockerfile = done.stdout
    assert "Building conda environment for python=3.11" in done.stderr
    assert re.search(r"^COPY \S+ \S*environment-2epy-2d3-2e11-2dlinux\S* /tmp/env/environment.lock$", dockerfile, re.M)
    assert re.search(r'^RUN \S+/bin/pip install --no-cache-dir -r "binder/requirements.txt"$', dockerfile, re.M)
    assert re.search(r"^RUN \./binder/postBuild$", dockerfile, re.M)
    assert "ENV REPO_DIR=" in dockerfile, "postBuild would not know that it is in the image"
    # The root's own requirements bring Sphinx; apt packages and a second environment are not meant either.
    assert not re.search(r'-r "requirements|sphinx|cuda|environment\.yml|apt\.txt', dockerfile, re.I)
    # The layer with the packages has to be made before the sources come, else each commit installs torch anew.
    assert dockerfile.index('-r "binder/requirements.txt"') < dockerfile.index("COPY --chown=1000:1000 src/ ")


# --- what is there ---------------------------------------------------------------------------------------------------


def _ask(python: Path, program: str, **surroundings: str) -> str:
    """What a program prints under the environment's Python; what it complains is in the failure."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | surroundings
    done = subprocess.run([python, "-c", program], env=environment, capture_output=True, text=True, timeout=3600)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


@pytest.mark.slow
def test_the_environment_holds_what_is_pinned_and_no_sphinx(binder_environment):
    program = """
import importlib.metadata, json, activations, torch
found = {one.name: one.version for one in importlib.metadata.distributions()}
print(json.dumps([found, activations.__file__, torch.version.cuda]))
"""
    found, package, cuda = json.loads(_ask(binder_environment, program))
    found = {canonicalize_name(name): version for name, version in found.items()}
    pins = _pins(BINDER / "requirements.txt")
    assert not [name for name in found if re.match("sphinx|jupyter-book|myst-nb|docutils", name)]
    assert Path(package).is_relative_to(ROOT / "code"), "a reader's change in code/ would have no effect"
    if found["torch"].endswith("+cpu"):  # else PyTorch's own index could not be reached from here
        assert cuda is None
        assert {name: found[name] for name in found if name not in ("pip", "activations")} == pins


@pytest.mark.slow
def test_a_kernel_that_ran_the_heaviest_chapter_stays_below_a_gigabyte(binder_environment, tmp_path):
    """All chapters measured once: 400 to 820 MB, most of it PyTorch, SciPy and Matplotlib."""
    # The package outside the checkout keeps no results there, so that all is computed as on Binder.
    shutil.copytree(ROOT / "code", tmp_path / "code", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    program = f"""
import jupytext, nbclient
notebook = jupytext.read({str(ROOT / "chapters" / f"{HEAVIEST}.md")!r})
notebook.cells.append(jupytext.reads("import resource\\n"
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)", "py:light").cells[0])
nbclient.NotebookClient(notebook, timeout=1800, kernel_name="python3").execute()
print(notebook.cells[-1].outputs[0].text)
"""
    surroundings = {"PYTHONPATH": str(tmp_path / "code"), "XDG_CACHE_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(_ask(binder_environment, program, **surroundings)) * unit < 1e9


@pytest.mark.browser
@pytest.mark.slow
def test_every_chapter_has_a_launch_button_that_opens_it(built_book):
    for chapter in _chapters():
        page = (built_book / f"{chapter}.html").read_text(encoding="utf8")
        menu = re.search(r'class="dropdown dropdown-launch-buttons">.*?</ul>', page, re.DOTALL)
        assert menu, f"{chapter} has no launch menu"
        path = quote(f"lab/tree/{chapter}.md", safe="")
        assert re.search(rf'href="https://mybinder\.org/v2/gh/[\w.-]+/[\w.-]+/[\w./%-]+\?urlpath={path}"', menu[0])
    assert not list((built_book / "_sources").rglob("*.ipynb")), "notebooks with raw directives are shipped"


# --- what a reader sees ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A folder with the chapters as Binder's image has them."""
    folder = tmp_path_factory.mktemp("image")
    _as_in_the_image(folder / "chapters")
    return folder


@pytest.fixture(scope="module")
def lab(binder_environment, image, tmp_path_factory, wait_for):
    """The address of the environment's own JupyterLab over those chapters."""
    private_folder = tmp_path_factory.mktemp("lab")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    private = {name: str(private_folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    private["JUPYTERLAB_SETTINGS_DIR"] = str(private_folder / "settings")
    tracker = private_folder / "settings" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    tracker.parent.mkdir(parents=True)
    tracker.write_text('{"windowingMode": "none"}')  # else cells out of sight are not in the page
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | private
    options = ["--no-browser", "--allow-root", f"--port={port}", "--ip=127.0.0.1", "--IdentityProvider.token="]
    options += ["--expose-app-in-browser", f"--ServerApp.root_dir={image}"]
    log = private_folder / "lab.log"
    with log.open("w") as written:
        server = subprocess.Popen(
            [binder_environment, "-m", "jupyterlab", *options],
            env=environment | {"OMP_NUM_THREADS": "1"},
            stdout=written,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/api", server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(60)


def _as_in_the_image(chapters: Path) -> None:
    shutil.copytree(ROOT / "chapters", chapters, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    subprocess.run([sys.executable, BINDER / "readable.py", chapters], check=True)


@pytest.fixture
def opened(browser, lab):
    """``opened(chapter)`` is JupyterLab's page, by the path of a launch link, once a kernel of the chapter answers."""
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    page.set_default_timeout(300_000)

    def open_chapter(chapter: str):
        page.goto(f"{lab}/lab/tree/{quote(chapter)}.md?reset")
        page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
        page.wait_for_function(f"{_PANEL}?.sessionContext?.session?.kernel?.status === 'idle'")
        return page

    yield open_chapter
    page.evaluate(f"{_PANEL}?.sessionContext?.shutdown()")
    page.close()


_PANEL = "window.jupyterapp.shell.currentWidget"
_OUTPUTS = "[...cell.outputs ? Array(cell.outputs.length).keys() : []].map(i => cell.outputs.get(i).toJSON())"
_CODE = f"[...{_PANEL}.content.model.cells].filter(cell => cell.type === 'code' && cell.sharedModel.source.trim())"

# What outputs of Markdown say, without the source code in them.
_TEXT = """[...document.querySelectorAll('.jp-OutputArea-output[data-mime-type="text/markdown"]')].map(output => {
  const copy = output.cloneNode(true);
  copy.querySelectorAll("pre").forEach(code => code.remove());
  return copy.textContent;
}).join("\\n")"""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("chapter", _chapters())
def test_a_chapter_opens_as_a_notebook_that_can_be_read(opened, chapter, image):
    page = opened(chapter)
    written = jupytext.read(image / f"{chapter}.md")
    shown = page.evaluate(f"[...{_PANEL}.content.model.cells].map(cell => cell.type)")
    assert shown == [cell.cell_type for cell in written.cells]
    prose = page.locator(".jp-MarkdownCell .myst")
    page.wait_for_function("!document.body.innerText.includes('Waiting for MyST')")
    assert page.locator(".jp-Dialog").count() == 0, page.locator(".jp-Dialog").all_inner_texts()
    # JupyterLab draws the cells one after another when it has nothing else to do.
    expect(prose, "jupyterlab-myst does not show the text").to_have_count(shown.count("markdown"), timeout=120_000)
    words = "\n".join(prose.all_inner_texts())
    assert not re.findall(r"^(?::::|```).*|\{[\w:-]+\}`.*?`|\$[^$\n]+\$|.*Unknown.*", words, re.M), (
        "written form is shown"
    )


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("chapter", "living"), RUN.items())
def test_run_all_cells_ends_without_an_error(opened, chapter, living):
    page = opened(f"chapters/{chapter}")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.wait_for_function(f"{_CODE}.every(cell => cell.executionCount)", timeout=1_800_000)
    page.wait_for_function(f"{_PANEL}.sessionContext.session.kernel.status === 'idle'")
    outputs = page.evaluate(f"{_CODE}.flatMap(cell => {_OUTPUTS})")
    assert not [output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"]
    page.locator(f".jp-OutputArea-output :is({living})").first.wait_for(state="attached")
    assert page.locator(".jp-Dialog").count() == 0
    drawn = page.evaluate(_TEXT)
    assert drawn
    assert not re.findall(r"\$[^$\n]+\$|\\[A-Za-z]{2,}", drawn), "mathematics is not typeset"
