"""A chapter is launched from the repository that is built, whoever builds it."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "_ext"))

import launch_links  # noqa: E402 - found by the line above

DEFAULT = ("https://github.com/book/book", "main")


@pytest.mark.parametrize(
    "repository", ["https://github.com/o/n", "https://github.com/o/n/", "https://github.com/o/n.git"]
)
def test_the_address_opens_the_chapter_as_a_notebook(repository):
    expected = "https://mybinder.org/v2/gh/o/n/main?urlpath=lab%2Ftree%2Fchapters%2Fxor.md"
    assert launch_links.address(repository, "main", "chapters/xor") == expected


def test_a_branch_with_odd_letters_stays_one_address():
    assert "/gh/o/n/fix/a%231?urlpath=" in launch_links.address("https://github.com/o/n", "fix/a#1", "x")


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/o/n.n\n",
        "https://x-access-token:secret@github.com/o/n.n.git",
        "git@github.com:o/n.n.git",
        "github.com:o/n.n",
        "ssh://git@github.com/o/n.n.git",
        "ssh://git@github.com:22/o/n.n.git/",
        "git://github.com/o/n.n.git",
    ],
)
def test_every_way_to_write_a_github_address(url):
    assert launch_links.github_name(url) == "o/n.n"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/srv/git/github.com/o/n",
        "../n.git",
        "file:///srv/github.com/o/n",
        "https://gitlab.com/o/n",
        "https://evil.example/github.com/o/n",
        "https://notgithub.com/o/n",
        "git@example.org:github.com/o/n",
        "https://github.com/o",
    ],
)
def test_no_other_place_is_taken_for_github(url):
    assert launch_links.github_name(url) == ""


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """``clone(origin, branch)`` makes a repository with one commit, whose origin knows the branch ``main`` alone."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)

    def make(origin, branch="main"):
        git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.c"]
        commands = [
            ["init", "--quiet", "--initial-branch=main"],
            ["commit", "--quiet", "--allow-empty", "--message=first"],
            ["update-ref", "refs/remotes/origin/main", "HEAD"],
            ["checkout", "--quiet", *branch.split()] if branch != "main" else ["status"],
            ["remote", "add", "origin", origin],
        ]
        for command in commands if origin else commands[:-1]:
            subprocess.run([*git, *command], check=True, capture_output=True)
        return tmp_path

    return make


@pytest.mark.parametrize("origin", ["git@github.com:fork/n.git", "https://github.com/fork/n"])
def test_a_fork_launches_the_fork(clone, origin):
    assert launch_links.identify(clone(origin), {}, *DEFAULT) == ("https://github.com/fork/n", "main")


@pytest.mark.parametrize("origin", ["", "/srv/n.git", "https://gitlab.com/fork/n"])
def test_a_clone_of_anything_else_falls_back_to_the_settings(clone, origin):
    assert launch_links.identify(clone(origin), {}, *DEFAULT) == DEFAULT


def test_a_published_branch_is_launched_and_a_private_one_is_not(clone):
    folder = clone("git@github.com:fork/n.git", "-b draft")
    assert launch_links.identify(folder, {}, "", "stable") == ("https://github.com/fork/n", "stable")
    subprocess.run(["git", "-C", folder, "update-ref", "refs/remotes/origin/draft", "HEAD"], check=True)
    assert launch_links.identify(folder, {}, "", "stable") == ("https://github.com/fork/n", "draft")


def test_a_detached_head_asks_the_workflow_and_else_the_settings(clone):
    folder = clone("https://github.com/fork/n", "--detach")
    assert launch_links.identify(folder, {}, *DEFAULT)[1] == "main"
    here = {"GITHUB_REPOSITORY": "Fork/n", "GITHUB_REF_NAME": "v2"}
    assert launch_links.identify(folder, here, *DEFAULT) == ("https://github.com/fork/n", "v2")
    pull = here | {"GITHUB_REF_NAME": "7/merge", "GITHUB_BASE_REF": "dev"}
    assert launch_links.identify(folder, pull, *DEFAULT)[1] == "dev"
    elsewhere = here | {"GITHUB_REPOSITORY": "other/n"}
    assert launch_links.identify(folder, elsewhere, *DEFAULT) == ("https://github.com/fork/n", "main")


def test_a_folder_inside_the_clone_of_something_else_is_not_that(clone):
    inside = clone("https://github.com/other/home") / "books" / "this"
    inside.mkdir(parents=True)
    assert launch_links.identify(inside, {}, *DEFAULT) == DEFAULT


def test_without_git_the_workflow_says_it_and_else_the_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert launch_links.identify(tmp_path, {}, *DEFAULT) == DEFAULT
    here = {"GITHUB_REPOSITORY": "fork/n", "GITHUB_REF_NAME": "dev"}
    assert launch_links.identify(tmp_path, here, *DEFAULT) == ("https://github.com/fork/n", "dev")


@pytest.fixture
def app(tmp_path):
    options = {"repository_url": "https://github.com/o/n", "repository_branch": "dev"}
    return SimpleNamespace(config=SimpleNamespace(html_theme_options=options), outdir=tmp_path)


def test_only_placeholders_are_filled_in(app):
    context = {"body": '<a href="launch:">run</a> <a href="x.html">other</a>'}
    launch_links._fill_in(app, "chapters/xor", "page.html", context, None)
    assert "/dev?urlpath=" in context["body"] and "launch:" not in context["body"]
    assert '<a href="x.html">other</a>' in context["body"]


def test_the_launch_menu_and_no_other_leads_to_the_notebook(app, tmp_path):
    raw = tmp_path / "_sources" / "chapters" / "xor.ipynb"
    raw.parent.mkdir(parents=True)
    raw.touch()
    button = {"type": "link", "text": "Binder", "url": "elsewhere"}
    labels = ("launch-buttons", "source-buttons")
    context = {"header_buttons": [*({"label": label, "buttons": [button]} for label in labels), {"type": "javascript"}]}
    launch_links._fill_in(app, "chapters/xor", "page.html", context, None)
    launch, source = (group["buttons"] for group in context["header_buttons"][:2])
    expected = launch_links.address("https://github.com/o/n", "dev", "chapters/xor")
    assert launch == [button | {"url": expected}] and source == [button]
    assert not raw.exists(), "the executed notebook with its raw directives is shipped"
