"""Whether there is something to do when a build ends."""

from sphinx.application import Sphinx
from sphinx.util.build_phase import BuildPhase


def wrote_html(app: Sphinx, error: Exception | None) -> bool:
    """Whether the build ended well and wrote pages. Where it wrote none, what is made beside them is right as it is."""
    return not error and app.builder.format == "html" and app.phase is BuildPhase.WRITING
