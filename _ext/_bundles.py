"""Many style sheets or scripts as one: pure functions from the files' text to the text of one."""

import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import tinycss2
from tinycss2.ast import AtRule, Node

_COMMENT_OR_STRING = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|/\*.*?\*/""", flags=re.DOTALL)
_CHARSET = re.compile(r'@charset "[^"]*";')
_IMPORT = re.compile(r"""@import\s+(?:url\()?["']([^"']+)["']\)?\s*;""")
_OWN_FILE = re.compile(r"""url\(\s*(["']?)(?!["']|data:|https?:|[/#])([^"')]+?)\1\s*\)""")
_MAP = re.compile(r"^//# sourceMappingURL=.*$", flags=re.MULTILINE)
_NAME = re.compile(r"[\w-]+")


def digest(path: Path) -> str:
    """A short name for what a file holds; empty where there is no such file."""
    return f"{zlib.crc32(path.read_bytes()):08x}" if path.is_file() else ""


def fingerprinted(address: str, path: Path) -> str:
    """The address with the digest of the file that it leads to: when the content changes, so does the address."""
    address = address.split("?")[0]
    return f"{address}?v={name}" if (name := digest(path)) else address


# --- style sheets -----------------------------------------------------------------------------------------------------


def sheet(path: Path, folder: Path) -> str:
    """A style sheet as it would stand in ``folder``: its imports in their place, its addresses relative to there."""
    text = _COMMENT_OR_STRING.sub(lambda match: match[1] or "", path.read_text(encoding="utf8"))
    imported = _IMPORT.split(_CHARSET.sub("", text))
    parts = [
        sheet(path.parent / part, folder) if odd % 2 else _moved(part, path, folder)
        for odd, part in enumerate(imported)
    ]
    if "@import" in "".join(parts):
        raise ValueError(f"{path}: only an @import of a file, without conditions, can stand in a larger style sheet")
    return "".join(parts)


def _moved(text: str, path: Path, folder: Path) -> str:
    def move(match: re.Match) -> str:
        target = Path(os.path.normpath(path.parent / match[2].split("?")[0]))
        return f'url("{fingerprinted(Path(os.path.relpath(target, folder)).as_posix(), target)}")'

    return _OWN_FILE.sub(move, text)


def trim(style: str, names: set[str]) -> str:
    """The style sheet without the rules for classes that no page and no script names.

    A name that ends with a hyphen is one that a script completes: all classes that begin with it stay.
    """
    beginnings = tuple(name for name in names if len(name) > 2 and name.endswith("-"))

    def is_in_use(selector: list[Node]) -> bool:
        return all(name in names or name.startswith(beginnings) for name in _classes(selector))

    return "".join(_kept(tinycss2.parse_stylesheet(style, skip_comments=True, skip_whitespace=True), is_in_use))


def _kept(rules: Iterable[Node], is_in_use: Callable[[list[Node]], bool]) -> Iterator[str]:
    for rule in rules:
        if rule.type == "error":
            raise ValueError(f"a style sheet cannot be read at line {rule.source_line} of all in one: {rule.message}")
        if rule.type == "qualified-rule":
            selectors = [tinycss2.serialize(one).strip() for one in _selectors(rule.prelude) if is_in_use(one)]
            yield f"{','.join(selectors)}{{{tinycss2.serialize(rule.content).strip()}}}\n" if selectors else ""
        elif _holds_rules(rule):
            inner = "".join(_kept(tinycss2.parse_rule_list(rule.content, True, True), is_in_use))
            yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}\n" if inner else ""
        else:
            yield rule.serialize() + "\n"


def _holds_rules(rule: AtRule) -> bool:
    return rule.lower_at_keyword in ("media", "supports") and rule.content is not None


def _selectors(prelude: list[Node]) -> list[list[Node]]:
    parts: list[list[Node]] = [[]]
    for token in prelude:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _classes(selector: list[Node]) -> list[str]:
    """The classes that an element must have; what stands in brackets, as in ``:not(.here)``, is not looked at."""
    return [name.value for dot, name in pairwise(selector) if dot == "." and name.type == "ident"]


def names_in(texts: Iterable[str]) -> set[str]:
    """All that could be the name of a class."""
    return {name for text in texts for name in _NAME.findall(text)}


# --- scripts ----------------------------------------------------------------------------------------------------------


def script(paths: list[Path]) -> str:
    """Scripts one after another; a module that imports nothing is one too, in a function of its own."""
    # The first semicolon keeps one script's "use strict" from being said of all.
    return ";\n" + "\n;\n".join(_module(path) if path.suffix == ".mjs" else _classic(path) for path in paths)


def _classic(path: Path) -> str:
    return _MAP.sub("", path.read_text(encoding="utf8")).strip()


def _module(path: Path) -> str:
    text = _classic(path)
    if re.search(r"^import\b|^export (?!(async )?function\b|const\b|class\b)", text, flags=re.MULTILINE):
        raise ValueError(
            f"{path}: a module for every page may import nothing, and exports nothing but functions, constants and "
            "classes: load it on the pages that need it, as _ext/explorables.py does"
        )
    return f'(() => {{\n"use strict";\n{re.sub(r"^export ", "", text, flags=re.MULTILINE)}\n}})()'
