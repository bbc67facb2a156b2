"""Where a chapter can be run: the launch menu and the labs lead to it, as a notebook, on Binder.

The repository is that of the clone which is built, so that the site of a fork launches, edits and discusses the fork.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from sphinx.application import Sphinx
from sphinx.config import Config

PLACEHOLDER = 'href="launch:"'
"""What a lab writes: a cell cannot know which page it stands on."""

_GITHUB = re.compile(
    r"(?:(?:https?|ssh|git)://(?:[^@/]+@)?(?:www\.)?github\.com(?::\d+)?/|(?:[^@/:]+@)?github\.com:/?)"
    r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?"
)


def address(repository: str, branch: str, page: str) -> str:
    """Where Binder opens a page of a GitHub repository as a notebook in JupyterLab."""
    path = quote(f"lab/tree/{page}.md", safe="")
    return f"https://mybinder.org/v2/gh/{github_name(repository)}/{quote(branch)}?urlpath={path}"


def github_name(url: str) -> str:
    """``owner/name`` of a repository on GitHub, however its address is written; empty for any other place.

    >>> github_name("git@github.com:o/n.git"), github_name("https://user:secret@github.com/o/n/"), github_name("/srv/n")
    ('o/n', 'o/n', '')
    """
    found = _GITHUB.fullmatch(url.strip())
    return f"{found['owner']}/{found['name']}" if found else ""


def identify(source: Path, environment: Mapping[str, str], url: str, branch: str) -> tuple[str, str]:
    """The address and branch of the repository that holds the book in ``source``.

    They are those of the clone's ``origin`` on GitHub, else of the workflow on GitHub that builds, else ``url`` and
    ``branch``. A branch that only this clone has cannot be launched by anyone: then ``branch`` stands too.
    """
    own_clone = git(source, "rev-parse", "--show-prefix") == "\n"  # and not a folder in the clone of something else
    origin = github_name(git(source, "remote", "get-url", "origin")) if own_clone else ""
    workflow = environment.get("GITHUB_REPOSITORY", "")
    name = origin or workflow
    if not name:
        return url, branch
    branches = [_published_branch(source)] if origin else []
    if name.lower() == workflow.lower():
        # For a pull request the reference is a merge that nobody can launch or edit; the branch it goes to is there.
        branches += [environment.get("GITHUB_BASE_REF"), environment.get("GITHUB_REF_NAME")]
    return f"https://github.com/{name}", next(filter(None, [*branches, branch]))


def _published_branch(source: Path) -> str:
    branch = git(source, "symbolic-ref", "--short", "HEAD").strip()
    return branch if branch and git(source, "rev-parse", "--verify", f"refs/remotes/origin/{branch}") else ""


def git(source: Path, *arguments: str) -> str:
    """What git says; nothing where it fails or is not installed."""
    try:
        done = subprocess.run(["git", "-C", str(source), *arguments], capture_output=True, text=True)
    except OSError:
        return ""
    return "" if done.returncode else done.stdout


def _settle(app: Sphinx, config: Config) -> None:
    """Tell the theme, and who else asks its options, which repository this is."""
    options = config.html_theme_options
    found = identify(Path(app.srcdir), os.environ, options["repository_url"], options.get("repository_branch", "main"))
    options["repository_url"], options["repository_branch"] = found


def _fill_in(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    options = app.config.html_theme_options
    target = address(options["repository_url"], options["repository_branch"], page)
    if PLACEHOLDER in context.get("body", ""):
        context["body"] = context["body"].replace(PLACEHOLDER, f'href="{target}"')
    for group in context.get("header_buttons", []):
        if group.get("label") == "launch-buttons":
            group["buttons"] = [{**button, "url": target} for button in group["buttons"]]
            # The theme has copied the executed notebook, directives and all, for a download that we do not offer.
            (Path(app.outdir) / "_sources" / f"{page}.ipynb").unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", _settle)
    # After the theme has made its menus.
    app.connect("html-page-context", _fill_in, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
