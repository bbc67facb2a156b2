"""The shape of the project: imports flow one way, the table of contents lists what there is, every pin is named."""

import ast
import code
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
import sphinx_external_toc.parsing as toc
from activations import catalogue
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "code" / "activations"
CHAPTERS = sorted((ROOT / "chapters").glob("*.md"))
EXECUTED = [page for page in (ROOT / "index.md", *CHAPTERS) if "```{code-cell}" in page.read_text(encoding="utf8")]

# --- the package ------------------------------------------------------------------------------------------------------

# What each stage may import, besides what those may; `page` (words for notebooks) serves all.
STAGES = {
    "page": (),
    "catalogue": ("page",),
    "properties": ("catalogue",),
    "reference": ("catalogue",),
    "values": ("catalogue",),
    "slopes": ("values",),
    "modules": ("catalogue",),
    "proofs": ("catalogue",),
    "entries": ("properties",),
    "cheat_sheet": ("properties",),
    "charts": ("properties", "slopes"),
    "gallery": ("charts",),
    "experiments": ("charts", "modules", "reference"),
    "figures": ("charts",),
    "explore": ("figures",),
    "lab": ("explore",),
    "claims": ("proofs", "experiments"),
}
HEAVY = {"matplotlib": {"figures"}, "torch": {"modules", "experiments"}}
LONGEST_FUNCTION = 30


def _allowed(stage: str) -> set[str]:
    return {stage}.union(*map(_allowed, STAGES[stage]))


def _files(top: str) -> list[Path]:
    """The files of a top-level module or subpackage."""
    return [PACKAGE / f"{top}.py"] if (PACKAGE / f"{top}.py").exists() else sorted((PACKAGE / top).rglob("*.py"))


def _imported(path: Path) -> Iterator[str]:
    """Every dotted name that a file imports, anywhere in it, relative ones spelt out."""
    package = ".".join(path.relative_to(PACKAGE.parent).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def _reached(top: str) -> set[str]:
    """The top-level modules that one imports; a private one counts as a part of whoever imports it."""
    names = {name.split(".")[1] for path in _files(top) for name in _imported(path) if name.startswith("activations.")}
    private = {name for name in names if name.startswith("_")} - {top}
    return (names - private).union(*map(_reached, private)) - {top}


def _tops() -> list[str]:
    modules = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }
    return sorted(modules - {"__init__"})


@pytest.mark.parametrize("top", [top for top in _tops() if not top.startswith("_")])
def test_a_module_imports_only_from_stages_to_its_left(top):
    assert top in STAGES, f"give {top} its place in STAGES"
    assert _reached(top) <= _allowed(top)


def test_the_check_sees_an_import_to_the_right_through_a_private_module(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path / "activations")
    (tmp_path / "activations").mkdir()
    (tmp_path / "activations" / "values.py").write_text("from . import _helper\n")
    (tmp_path / "activations" / "_helper.py").write_text("def late():\n    from .properties import fact_sheet\n")
    assert _reached("values") - _allowed("values") == {"properties"}


@pytest.mark.parametrize("library", HEAVY)
def test_a_heavy_library_is_imported_only_where_it_is_at_home(library):
    users = {
        top for top in _tops() for path in _files(top) for name in _imported(path) if name.split(".")[0] == library
    }
    assert users <= HEAVY[library]


def test_what_the_package_imports_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *sum(project["optional-dependencies"].values(), [])]
    declared = {canonicalize_name(Requirement(line).name) for line in lines}
    roots = {name.split(".")[0] for path in PACKAGE.rglob("*.py") for name in _imported(path)}
    distributions = metadata.packages_distributions()
    used = {canonicalize_name(distributions[root][0]) for root in roots - sys.stdlib_module_names - {"activations"}}
    assert used <= declared


def test_the_example_in_the_readme_runs():
    example = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf8"), flags=re.DOTALL)
    run = subprocess.run([sys.executable, "-c", example.group(1)], cwd=ROOT / "code", capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_the_values_are_had_without_torch_and_matplotlib():
    script = "import sys; from activations import gelu; print(sorted({'torch', 'matplotlib'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT / "code", capture_output=True, text=True)
    assert run.stdout.strip() == "[]", run.stderr


def test_one_name_at_every_stage():
    names = set(catalogue.names())
    for stage in ("values", "slopes"):
        assert set(importlib.import_module(f"activations.{stage}").__all__) == names
    assert set(importlib.import_module("activations.modules").FUNCTIONS) == names


def test_the_surface_only_re_exports():
    body = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf8")).body
    rest = [node for node in body if not isinstance(node, ast.Import | ast.ImportFrom)]
    assert rest and ast.get_docstring(ast.Module(rest, [])), "say what the package is"
    assert [ast.unparse(node.targets[0]) for node in rest[1:]] == ["__all__"]


def _length(function: ast.FunctionDef) -> int:
    """The lines of a function's body, its docstring apart."""
    body = function.body[ast.get_docstring(function) is not None :]
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_functions_are_short():
    for path in sorted(PACKAGE.rglob("*.py")):
        functions = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef))
        long = {function.name: _length(function) for function in functions if _length(function) > LONGEST_FUNCTION}
        assert not long, path


def test_the_standard_module_code_is_not_shadowed():
    assert hasattr(code, "interact")
    assert not (ROOT / "code" / "__init__.py").exists()


def test_a_classic_script_is_no_module():
    # Every *.js under _static is loaded as a classic script, where `export` is a syntax error: modules are .mjs.
    for script in (ROOT / "_static").rglob("*.js"):
        assert not re.search(r"^\s*(export|import)\b", script.read_text(encoding="utf8"), flags=re.MULTILINE), script


# --- the book ---------------------------------------------------------------------------------------------------------

HEADER = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
    format_version: 0.13
    jupytext_version: {version}
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---
""".format(version=metadata.version("jupytext"))
PARTS = [
    "I · Why nonlinearity",
    "II · Where sigmoid and softmax come from",
    "III · What saturation costs",
    "IV · Rectifiers and after",
    "V · In practice",
]


@pytest.mark.parametrize("page", EXECUTED, ids=lambda page: page.stem)
def test_a_page_with_cells_has_the_full_header(page):
    # With a kernel but no text representation a page would not be executed, and the build would not say so.
    assert page.read_text(encoding="utf8").startswith(HEADER)


def test_the_table_of_contents_lists_every_page_once():
    pages = {page.relative_to(ROOT).with_suffix("").as_posix() for page in CHAPTERS}
    assert set(toc.parse_toc_yaml(ROOT / "_toc.yml")) == pages | {"index"}


def test_the_parts_come_in_order():
    captions = [part.caption for part in toc.parse_toc_yaml(ROOT / "_toc.yml").root.subtrees]
    assert captions == [part for part in PARTS if part in captions]


# --- the pins ---------------------------------------------------------------------------------------------------------


def _pins(name: str) -> dict[str, str]:
    """What a requirements file pins; a line that is neither a pin, a comment nor another file is an error."""
    pins = {}
    for line in (ROOT / name).read_text().splitlines():
        if line.startswith("-r "):
            pins |= _pins(line.removeprefix("-r "))
        elif line and not line.startswith("#"):
            package, version = re.fullmatch(r"([\w.-]+)==([\w.]+)", line).groups()
            pins[canonicalize_name(package)] = version
    return pins


def _needs(package: str) -> set[str]:
    """What an installed package asks for on this system, without extras."""
    requirements = map(Requirement, metadata.requires(package) or ())
    return {canonicalize_name(r.name) for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_what_a_pinned_package_needs_is_pinned_too(name):
    pins = _pins(name)
    # The plain wheel of torch pins its own CUDA packages exactly.
    needed = set().union(*map(_needs, pins)) - {need for need in _needs("torch") if need.startswith(("nvidia", "cuda"))}
    assert needed - {"triton"} <= set(pins)


def test_the_pins_are_what_is_installed():
    installed = {name: metadata.version(name).split("+")[0] for name in _pins("requirements-dev.txt")}
    assert installed == _pins("requirements-dev.txt")


def test_every_pin_installs_on_the_oldest_python_that_is_promised():
    promised = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    oldest = promised.removeprefix(">=") + ".0"
    refused = {name: metadata.metadata(name)["Requires-Python"] for name in _pins("requirements-dev.txt")}
    assert not {name: python for name, python in refused.items() if python and oldest not in SpecifierSet(python)}
