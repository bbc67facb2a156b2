"""Fill in where a lab's link leads: this chapter, as a notebook that runs, on Binder.

A cell cannot know which page it stands on, so it writes ``href="launch:"``.
"""

from urllib.parse import quote

from sphinx.application import Sphinx

PLACEHOLDER = 'href="launch:"'


def address(repository: str, branch: str, page: str) -> str:
    """Where Binder opens a page of a GitHub repository as a notebook in JupyterLab."""
    owner_and_name = repository.rstrip("/").removesuffix(".git").split("github.com/")[-1]
    path = quote(f"lab/tree/{page}.md", safe="")
    return f"https://mybinder.org/v2/gh/{owner_and_name}/{branch}?urlpath={path}"


def _fill_in(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    if PLACEHOLDER in context.get("body", ""):
        options = app.config.html_theme_options
        target = address(options["repository_url"], options.get("repository_branch", "main"), page)
        context["body"] = context["body"].replace(PLACEHOLDER, f'href="{target}"')


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", _fill_in)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
