"""Links to claims: {claim}`words <claim-id>`, or {claim}`claim-id` alone, lead to where the book shows the claim.

A claim is shown by the chapter with ``claims.show("claim-id")`` in a cell; its box carries the anchor.
A link to a claim that no page shows is a warning, and so ends a strict build.
"""

import difflib
import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole
from sphinx.util.nodes import make_refnode

logger = logging.getLogger(__name__)

_CELL = re.compile(r"^(`{3,})\{code-cell\}.*?^\1 *$", re.MULTILINE | re.DOTALL)
_SHOWN = re.compile(r"""claims\.show\(\s*["']([^"']+)["']""")
_LINKED = re.compile(r"\{claim\}`(?:[^`<]*<)?([^`<>]+)>?`")


def shown(text: str) -> list[str]:
    """The ids of the claims that the cells of a page show, in their order.

    >>> shown('# Title\\n\\n```{code-cell} ipython3\\nclaims.show("two-is-even")\\n```\\n')
    ['two-is-even']
    """
    return [id for cell in _CELL.finditer(text) for id in _SHOWN.findall(cell.group())]


def linked(text: str) -> set[str]:
    """The ids of the claims that a page links to.

    >>> sorted(linked("As {claim}`two-is-even` says, {claim}`three is not <three-is-odd>`."))
    ['three-is-odd', 'two-is-even']
    """
    return set(_LINKED.findall(text))


def places(env: BuildEnvironment) -> dict[str, str]:
    """Which page shows each claim; a chapter goes before the landing page, which may show one as a sample."""
    pages = sorted(env.found_docs, key=lambda page: (page == env.config.root_doc, page))
    found: dict[str, str] = {}
    for page in pages:
        for id in shown(_text(env, page)):
            found.setdefault(id, page)
    return found


def _text(env: BuildEnvironment, page: str) -> str:
    return Path(env.doc2path(page)).read_text(encoding="utf8")


class ClaimRole(ReferenceRole):
    """The role; where it leads is known when all pages have been read."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        inner = nodes.inline if self.has_explicit_title else nodes.literal
        link = addnodes.pending_xref(
            "",
            inner("", self.title, classes=["xref", "claim-link"]),
            refdomain="",
            reftype="claim",
            reftarget=self.target,
            refdoc=self.env.docname,
        )
        self.set_source_info(link)
        return [link], []


def _find_places(app: Sphinx, env: BuildEnvironment, added: set, changed: set, removed: set) -> list[str]:
    """Where each claim stands now. A page whose link leads elsewhere than before is read again."""
    before, env.claim_places = getattr(env, "claim_places", {}), places(env)
    moved = {id for id, page in env.claim_places.items() if before.get(id) != page} | before.keys() - env.claim_places
    return [page for page in env.found_docs if moved & linked(_text(env, page))] if before else []


def _resolve(app: Sphinx, env: BuildEnvironment, link: addnodes.pending_xref, words: nodes.Element) -> nodes.Element:
    if link["reftype"] != "claim":
        return None
    id = link["reftarget"]
    if page := env.claim_places.get(id):
        return make_refnode(app.builder, link["refdoc"], page, f"claim-{id}", words)
    near = difflib.get_close_matches(id, env.claim_places, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else "show it in a chapter first"
    logger.warning(f'{{claim}}: no page shows the claim “{id}” with claims.show("{id}"); {hint}', location=link)
    return words


def setup(app: Sphinx) -> dict[str, object]:
    app.add_role("claim", ClaimRole())
    app.connect("env-get-outdated", _find_places)
    app.connect("missing-reference", _resolve, priority=100)  # before others complain that they do not know it
    return {"env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
