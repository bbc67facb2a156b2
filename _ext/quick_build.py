"""Take out of a build what costs seconds and changes no page.

For every citation sphinxcontrib-bibtex has pybtex look through all installed packages for its two backends, and for
every reference to a figure Sphinx loads the whole page that holds it. And Python looks for garbage after each 700 new
objects: among the millions that make up the pages there is none to speak of.
"""

import gc
from functools import lru_cache

from pybtex.plugin import find_plugin, register_plugin
from sphinx.application import Sphinx
from sphinx.domains.std import StandardDomain
from sphinx.environment import BuildEnvironment

BACKENDS = ("docutils", "plaintext")
NEW_OBJECTS = 50_000
"""How many new objects make it worth looking for garbage; the build takes a tenth more memory than with 700."""


class _Remembering:
    """An environment that loads a page once. Its pages are only looked at, never changed."""

    def __init__(self, env: BuildEnvironment) -> None:
        self._env = env
        self.get_doctree = lru_cache(maxsize=4)(env.get_doctree)

    def __getattr__(self, name: str) -> object:
        return getattr(self._env, name)


class QuickStandardDomain(StandardDomain):
    """Sphinx's own domain of labels and figure numbers."""

    def __init__(self, env: BuildEnvironment) -> None:
        super().__init__(env)
        self._remembering = _Remembering(env)

    def _resolve_numref_xref(self, env: BuildEnvironment, *reference: object) -> object:
        return super()._resolve_numref_xref(self._remembering, *reference)


def _forget(app: Sphinx, env: BuildEnvironment) -> None:
    """Pages have been read again: what is remembered of them is old."""
    env.domains["std"]._remembering = _Remembering(env)


def setup(app: Sphinx) -> dict[str, bool]:
    gc.set_threshold(NEW_OBJECTS)
    for name in BACKENDS:
        register_plugin("pybtex.backends", name, find_plugin("pybtex.backends", name))
    app.add_domain(QuickStandardDomain, override=True)
    app.connect("env-updated", _forget)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
