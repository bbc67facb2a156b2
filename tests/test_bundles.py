"""Many style sheets and scripts as one: what the pure functions keep, move and leave out."""

import subprocess
import sys
import zlib
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "_ext"))
from _bundles import digest, fingerprinted, names_in, script, sheet, trim

sys.path.pop(0)


@pytest.fixture
def write(tmp_path):
    """``write(name, text)`` makes a file and returns its path."""

    def make(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf8")
        return path

    return make


def test_an_address_carries_the_digest_of_the_present_content(write):
    path = write("a.css", "p{}")
    name = f"{zlib.crc32(b'p{}'):08x}"
    assert digest(path) == name
    assert fingerprinted("../a.css", path) == fingerprinted("../a.css?v=old", path) == f"../a.css?v={name}"
    write("a.css", "q{}")
    assert fingerprinted("../a.css", path) != f"../a.css?v={name}"


def test_what_is_not_there_has_no_digest(tmp_path):
    assert fingerprinted("a.css?v=1", tmp_path / "a.css") == "a.css"


def test_an_import_stands_in_its_place(write, tmp_path):
    write("basic.css", '@charset "UTF-8";a{}')
    theme = write("styles/theme.css", '/* first */@import "../basic.css";b{}')
    assert sheet(theme, tmp_path) == "a{}b{}"


@pytest.mark.parametrize("rule", ['@import "a.css" print;', "@import url(a.css);", '@import "a.css" layer(x);'])
def test_an_import_that_cannot_stand_elsewhere_is_refused(write, tmp_path, rule):
    with pytest.raises(ValueError, match=r"b\.css: only an @import of a file, without conditions"):
        sheet(write("b.css", f"{rule} b{{}}"), tmp_path)


@pytest.mark.parametrize("address", ["../fonts/a.woff2", "'../fonts/a.woff2'", '"../fonts/a.woff2?v=1"'])
def test_addresses_lead_to_the_same_file_from_the_new_place(write, tmp_path, address):
    font = write("fonts/a.woff2", "shapes")
    path = write("styles/a.css", f"p{{src:url({address})}}")
    assert sheet(path, tmp_path) == f'p{{src:url("fonts/a.woff2?v={digest(font)}")}}'


@pytest.mark.parametrize(
    "address", ['"data:image/svg+xml;%3Csvg/*x*/%3E"', "#mark", "https://example.org/a.png", "/a.png"]
)
def test_addresses_that_do_not_move_stay(write, tmp_path, address):
    rule = f"p{{background:url({address})}}"
    assert sheet(write("styles/a.css", rule), tmp_path) == rule


def test_comments_go_and_strings_stay(write, tmp_path):
    path = write("a.css", "/* x */p{content:'/* y */' /* z */}")
    assert sheet(path, tmp_path) == "p{content:'/* y */' }"


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("p{top:0}", "p{top:0}"),
        (".here{top:0}", ".here{top:0}"),
        (".gone{top:0}", ""),
        (".here .gone{top:0}", ""),
        ("p.gone::before{content:','}", ""),
        (".gone,.here{top:0}", ".here{top:0}"),
        (".here:not(.gone,.lost){top:0}", ".here:not(.gone,.lost){top:0}"),
        ('[class*=".gone"]{top:0}', '[class*=".gone"]{top:0}'),
        (r".w-1\/2{top:0}", ""),
        (".made-up{top:0}", ".made-up{top:0}"),
        ("@media print{.gone{top:0}.here{top:0}}", "@media print{.here{top:0}}"),
        ("@media print{.gone{top:0}}", ""),
        ("@font-face{font-family:x}", "@font-face{font-family:x}"),
        ("@keyframes gone{0.5%{top:0}}", "@keyframes gone{0.5%{top:0}}"),
    ],
)
def test_rules_for_what_no_page_names_go(rule, kept):
    assert trim(rule, {"here", "made-"}).replace("\n", "") == kept


def test_what_cannot_be_read_is_refused():
    with pytest.raises(ValueError, match="cannot be read at line 2"):
        trim("p{}\n}", set())


def test_names_are_what_could_be_one():
    assert names_in(['<p class="a b-c">', "`made-${up}`"]) >= {"a", "b-c", "made-", "up"}


def _run(node: str, text: str) -> str:
    return subprocess.run([node, "--eval", text], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def test_scripts_run_one_after_another_as_they_did_alone(write, node):
    strict = write("a.js", '"use strict";\nconst seen = [1]\n//# sourceMappingURL=a.js.map')
    loose = write("b.js", "undeclared = 2; seen.push(undeclared)")
    module = write("c.mjs", "const own = 3;\nexport function f() { return own; }\nseen.push(f());")
    after = write("d.js", "seen.push(typeof own, typeof f); console.log(seen.join())")
    text = script([strict, loose, module, after])
    assert "sourceMappingURL" not in text
    assert _run(node, text) == "1,2,3,undefined,undefined"


@pytest.mark.parametrize("line", ['import { a } from "./a.mjs";', "export default 1;", "export { a };"])
def test_a_module_that_needs_another_is_refused(write, line):
    with pytest.raises(ValueError, match=r"m\.mjs: a module for every page may import nothing"):
        script([write("m.mjs", line)])
