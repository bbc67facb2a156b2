"""How to cite the book, from ``CITATION.cff``: the directive ``how-to-cite`` writes it as a sentence and as BibTeX."""

import re
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FILE = "CITATION.cff"
WORDS = {"sentence": "{authors} ({year}). {title}. Version {version}. {address}", "for": "As BibTeX:"}
"""Every word that the reader sees and the file does not say."""


class CitationError(ValueError):
    """The file lacks something that a citation needs."""


def citation(text: str) -> dict[str, str]:
    """What a citation needs, from the text of a ``CITATION.cff``.

    Raises CitationError, naming the key, when one is missing.
    """
    told = yaml.safe_load(text)
    for key in ("title", "authors", "version", "date-released", "repository-code"):
        if not told.get(key):
            raise CitationError(f"{FILE}: {key} is missing; the title page tells readers how to cite the book")
    return {
        "title": told["title"],
        "authors": " and ".join(map(_author, told["authors"])),
        "version": str(told["version"]),
        "year": str(told["date-released"])[:4],
        "address": told["repository-code"],
    }


def _author(one: dict[str, str]) -> str:
    return one.get("name") or f"{one['family-names']}, {one['given-names']}"


def bibtex(told: dict[str, str]) -> str:
    """The entry; a name that is no person's stands in braces of its own, or BibTeX would turn it around."""
    names = " and ".join(name if "," in name else f"{{{name}}}" for name in told["authors"].split(" and "))
    key = re.sub(r"[^a-z]+", "-", told["title"].split("?")[0].lower()).strip("-")
    lines = {
        "title": told["title"],
        "author": names,
        "year": told["year"],
        "version": told["version"],
        "url": told["address"],
    }
    fields = ",\n".join(f"  {name:7}= {{{value}}}" for name, value in lines.items())
    return f"@book{{{key},\n{fields}\n}}"


class HowToCite(SphinxDirective):
    """The directive; it has neither arguments nor content, since the file says everything."""

    def run(self) -> list[nodes.Node]:
        path = Path(self.env.srcdir) / FILE
        self.env.note_dependency(str(path))
        try:
            told = citation(path.read_text(encoding="utf8"))
        except (OSError, CitationError) as problem:
            return [self.state.document.reporter.error(str(problem), line=self.lineno)]
        before, after = WORDS["sentence"].format(**told).split(told["title"])
        after = nodes.Text(after.removesuffix(told["address"]))
        link = nodes.reference("", told["address"], refuri=told["address"])
        plain = nodes.paragraph("", before, nodes.emphasis("", told["title"]), after, link)
        code = nodes.literal_block(bibtex(told), bibtex(told), language="bibtex")
        return [nodes.container("", plain, nodes.paragraph("", WORDS["for"]), code, classes=["how-to-cite"])]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("how-to-cite", HowToCite)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
