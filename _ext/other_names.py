"""Search finds a function by all of its names: "swish" leads to SiLU's entry and to the chapter about it.

The names are the catalogue's. Each becomes an entry of the book's index, in which Sphinx's search looks too: an exact
name comes first. On the catalogue's page it leads to the function's own section, in a chapter to its beginning.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.util.index_entries import split_index_msg

FOLDER = "chapters/"
CATALOGUE = FOLDER + "catalogue"


def _entries(function: str, target: str) -> list[tuple[str, str, str, str, None]]:
    from activations.entries import spoken

    return [("single", name, target, "main", None) for name in spoken(function)]


def _remember(app: Sphinx, env: BuildEnvironment) -> None:
    """Have the search keep what index entries say: Sphinx forgets those of pages that a later build does not write."""
    kept = env._search_index_index_entries
    kept.clear()
    for page, entries in env.get_domain("index").entries.items():
        split = [(split_index_msg(kind, value), target, main) for kind, value, target, main, _ in entries]
        kept[page] = sorted({(part, target, main) for parts, target, main in split for part in parts})


class IndexNames(SphinxTransform):
    """Index entries at the sections of the catalogue's page, or at the head of a chapter that is about functions."""

    default_priority = 500  # sections have their labels, and the index is not gathered yet

    def apply(self, **kwargs: object) -> None:
        from activations.entries import CHAPTERS

        if self.env.docname == CATALOGUE:
            self._index_sections()
            return
        slug = self.env.docname.removeprefix(FOLDER)
        for function in (function for function, chapter in CHAPTERS.items() if chapter == slug):
            self._index(next(self.document.findall(nodes.section)), function)

    def _index_sections(self) -> None:
        from activations import catalogue

        sections = {id: section for section in self.document.findall(nodes.section) for id in section["ids"]}
        for function in catalogue.names():
            target = f"fn-{function.replace('_', '-')}"
            if target in sections:
                # The section's own id, not a label's: from there search takes the words that it shows.
                self._index(sections[target], function)

    def _index(self, section: nodes.section, function: str) -> None:
        section.insert(1, addnodes.index(entries=_entries(function, section["ids"][0])))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_transform(IndexNames)
    app.connect("env-updated", _remember)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
