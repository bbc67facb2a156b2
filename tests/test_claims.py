"""Claims stand on what their verdicts ask for, and fall by name when they do not."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from activations import claims
from activations.catalogue import x
from activations.claims import Check, ClaimError, Counterexample, Evidence, Measurement, __main__, badge, ledger
from activations.claims.sources import DOCUMENTS, ROWS
from activations.proofs import Derivation

REFERENCES = set(re.findall(r"^@\w+\{([^,]+),", (Path(__file__).parents[1] / "references.bib").read_text("utf8"), re.M))
PROOF = Derivation((x + 1) ** 2).then(x**2 + 2 * x + 1, because="multiply out")
ARGUED = Derivation((x + 1) ** 2).argue(x**2 + 2 * x + 1, because="by inspection")
HOLDS = Check("2 > 1", 2 > 1)
CONTRADICTION = Counterexample("2 + 2", predicted=5, found=4)


def measured(**changes) -> Measurement:
    settings = {"what": "share", "mean": 0.5, "low": 0.4, "high": 0.6, "seeds": 20, "above": 0.3}
    return Measurement(**(settings | changes))


def _stated():
    """Something is so."""


def made(verdict: str, evidence: Evidence | None = None, **settings) -> claims.Claim:
    """A claim in a ledger of its own."""

    def function() -> Evidence:
        """Something is so."""
        return evidence

    return claims.claim("test-claim", verdict=verdict, ledger={}, **settings)(function)


@pytest.mark.parametrize(
    ("verdict", "evidence"),
    [
        ("proved", Evidence("", derivations=[PROOF])),
        ("proved", Evidence("", checks=[HOLDS])),
        ("argued", Evidence("", derivations=[ARGUED], argument="look")),
        ("qualified", Evidence("", checks=[HOLDS], condition="x > 0", counterexamples=[CONTRADICTION])),
        ("measured", Evidence("", measurements=[measured()])),
        ("corrected", Evidence("", counterexamples=[CONTRADICTION])),
        ("convention", Evidence("", cite="he2015")),
        ("reported", Evidence("", cite="he2015")),
    ],
)
def test_evidence_that_does_its_duty_stands(verdict, evidence):
    assert made(verdict, evidence).evidence() is evidence


@pytest.mark.parametrize(
    ("verdict", "evidence", "lacks"),
    [
        ("proved", Evidence(""), "a derivation or a check"),
        ("proved", Evidence("", derivations=[ARGUED]), "without argued steps"),
        ("argued", Evidence("", checks=[HOLDS]), "the argument in words"),
        ("argued", Evidence("", argument="look"), "a machine-checked part"),
        ("qualified", Evidence("", checks=[HOLDS]), "the condition"),
        ("qualified", Evidence("", condition="x > 0", counterexamples=[CONTRADICTION]), "where the condition holds"),
        ("qualified", Evidence("", condition="x > 0", checks=[HOLDS]), "in which the condition fails"),
        ("measured", Evidence(""), "a measurement"),
        ("measured", Evidence("", measurements=[measured(seeds=19)]), "at least 20 seeds"),
        ("measured", Evidence("", measurements=[measured(low=0.5, high=0.5)]), "an interval"),
        ("measured", Evidence("", measurements=[measured(mean=0.7)]), "an interval"),
        (
            "measured",
            Evidence("", measurements=[measured(above=-math.inf)]),
            "a bound whose crossing would have refuted",
        ),
        ("corrected", Evidence("", measurements=[measured(seeds=5)], counterexamples=[CONTRADICTION]), "20 seeds"),
        ("corrected", Evidence("", checks=[HOLDS]), "a counterexample"),
        ("convention", Evidence(""), "a citation"),
        ("reported", Evidence(""), "a citation"),
    ],
)
def test_evidence_that_owes_something_falls(verdict, evidence, lacks):
    with pytest.raises(ClaimError, match=rf"claim test-claim is called {verdict}, and lacks .*{lacks}"):
        made(verdict, evidence).evidence()


@pytest.mark.parametrize("holds", [False, None, x > 0, 0, "yes"])
def test_a_check_that_is_not_exactly_true_fells_the_claim(holds):
    with pytest.raises(ClaimError, match="claim test-claim falls: not shown that pigs fly"):
        made("proved", Evidence("", checks=[Check("pigs fly", holds)])).evidence()


def test_a_counterexample_must_contradict():
    with pytest.raises(ClaimError, match="2 \\+ 2 is no counterexample"):
        made("corrected", Evidence("", counterexamples=[Counterexample("2 + 2", 4, 4)])).evidence()


def test_words_cannot_contradict_a_number():
    with pytest.raises(ClaimError, match="the slope is no counterexample, words cannot equal a number"):
        made("corrected", Evidence("", counterexamples=[Counterexample("the slope", "above 0", 0.1)])).evidence()


@pytest.mark.parametrize(
    "bounds",
    [{"above": 0.4}, {"below": 0.6}, {"above": 0.5, "below": 0.9}, {"holds": 0.7}, {"holds": math.nan}],
)
@pytest.mark.parametrize("verdict", ["measured", "qualified", "corrected"])
def test_an_interval_that_reaches_its_bound_refutes_the_claim(verdict, bounds):
    evidence = Evidence(
        "", measurements=[measured(**bounds)], checks=[HOLDS], counterexamples=[CONTRADICTION], condition="x > 0"
    )
    with pytest.raises(ClaimError, match=r"claim test-claim falls: refuted by share: 0\.5 \[0\.4, 0\.6\]"):
        made(verdict, evidence).evidence()


def test_an_interval_within_its_bounds_refutes_nothing():
    for bounds in ({"above": 0.39}, {"below": 0.61}, {"above": 0.3, "below": 0.7}, {"holds": 0.4}):
        assert not measured(**bounds).refuted
    assert measured(low=math.nan).refuted


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({"above": -6}, "the interval reached down to −6"),
        ({"above": -math.inf, "below": 2}, "the interval reached up to 2"),
        ({"above": -1, "below": 1}, "the interval reached −1 or 1"),
        ({"above": -math.inf, "holds": 0.5}, "the interval missed 0.5"),
        ({"above": 0, "holds": 0.5}, "the interval reached down to 0 or the interval missed 0.5"),
        ({"refuted_if": "one seed differed"}, "one seed differed"),
    ],
)
def test_a_badge_says_what_would_have_refuted_a_measurement(bounds, words):
    shown = badge.Badge(claim := made("measured"), Evidence("", measurements=[measured(**bounds)]))
    assert f"It would have been refuted if {words}." in shown._repr_markdown_() and claim.id in repr(shown)


def test_numbers_in_a_badge_have_a_minus_sign_and_names_keep_their_hyphen():
    text = "From -2 to (-0.5), step 1e-5, zero-mean, S-1: $-1$ and -3"
    shown = badge.Badge(made("measured"), Evidence(text, measurements=[measured(mean=-0.5, low=-0.6, high=-0.4)]))
    markdown = shown._repr_markdown_()
    assert "From −2 to (−0.5), step 1e-5, zero-mean, S-1: $-1$ and −3" in markdown
    assert "share: −0.5 [−0.6, −0.4] over 20 seeds" in markdown


def test_a_badge_says_what_stands_in_numbers_only():
    claim = made("proved", Evidence("", checks=[HOLDS]), numerical="The mean is a quadrature.")
    assert "**In numbers only.** The mean is a quadrature." in badge.Badge(claim, claim.evidence())._repr_markdown_()


def test_whatever_the_function_raises_names_the_claim():
    def function():
        """A false derivation."""
        return Evidence("", derivations=[Derivation(x).then(-x, because="a flipped sign")])

    with pytest.raises(ClaimError, match=r"claim broken falls: step 1 \(a flipped sign\) is false"):
        claims.claim("broken", verdict="proved", ledger={})(function).evidence()


def test_evidence_is_needed():
    with pytest.raises(ClaimError, match="returns NoneType, an Evidence is needed"):
        made("proved", None).evidence()


def test_entries_are_checked_when_they_are_made():
    with pytest.raises(ValueError, match="unknown verdict 'certain'"):
        made("certain")
    with pytest.raises(ValueError, match="unknown source row 'S9.1'"):
        made("proved", sources=["S9.1"])
    with pytest.raises(ValueError, match="the docstring is the statement"):
        claims.claim("mute", verdict="proved", ledger={})(lambda: None)
    book = {}
    claims.claim("twice", verdict="proved", ledger=book)(_stated)
    with pytest.raises(ValueError, match="the id is taken"):
        claims.claim("twice", verdict="proved", ledger=book)(_stated)


def test_an_unknown_claim_names_the_nearest():
    with pytest.raises(KeyError, match="did you mean .*sigmoid-slope-ceiling"):
        claims.show("sigmoid-slope-cieling")


def test_a_claim_is_found_without_importing_the_others():
    program = (
        "import sys\nfrom activations import claims\nclaims.get(sys.argv[1])\n"
        "print(*(name for name in sys.modules if name.startswith('activations.claims.')))"
    )
    id, own = next((id, one.function.__module__) for id, one in claims.all_claims().items() if one.subject == "neuron")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", program, id]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    others = {one.function.__module__ for one in claims.all_claims().values()} - {own}
    assert own in run.stdout.split() and not others & set(run.stdout.split())


@pytest.mark.parametrize("claim", claims.all_claims().values(), ids=lambda claim: claim.id)
def test_every_claim_of_the_book_stands(claim):
    shown = claims.show(claim.id)
    evidence = shown.evidence
    assert evidence is claim.evidence()
    assert claim.statement and evidence.says
    assert set(evidence.cite.split(",")) - {""} <= REFERENCES
    assert all(m.seeds >= 20 and m.low < m.high and m.refutable and not m.refuted for m in evidence.measurements)
    if claim.verdict == "corrected":
        assert evidence.counterexamples and all(c.predicted != c.found for c in evidence.counterexamples)
    if claim.verdict in ("reported", "convention"):
        assert evidence.cite
    if claim.verdict == "measured":
        assert evidence.measurements
    if claim.verdict == "qualified":
        assert evidence.condition and evidence.counterexamples


def test_a_badge_shows_everything_and_reads_without_scripts():
    text = claims.show("sigmoid-slope-ceiling")._repr_markdown_()
    box, statement, summary = text.split("\n\n")[:3]
    assert box == '<div class="claim claim-corrected" id="claim-sigmoid-slope-ceiling">'
    assert statement == claims.get("sigmoid-slope-ceiling").statement
    assert summary.startswith("<details><summary>") and text.rstrip().endswith("</details>\n\n</div>")
    assert text.count("<details") == text.count("</details>") == 2
    for part in (
        "**Evidence.**",
        "$$\\begin{aligned}",
        "S3.2",
        "```python",
        "def sigmoid_slope_ceiling",
    ):
        assert part in text
    # Mathematics stands between blank lines, never inside HTML.
    assert not re.search(r"<[^>]*\$", text)
    assert repr(claims.show("sigmoid-slope-ceiling")).startswith("Claim sigmoid-slope-ceiling: ")


def test_every_verdict_has_a_word():
    assert set(ledger.VERDICTS) <= set(badge.WORDS)


def test_the_command_checks_the_claims_it_is_given(capsys):
    assert __main__.main(__main__.named(["two-relus-compute-xor", "a-colour-picture-is-a-long-vector"])) == 0
    assert "2 of 2 stand: 2 proved" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="did you mean two-relus-compute-xor"):
        __main__.named(["two-relus-compute-xr"])


def test_the_command_lists_what_stands_and_what_fell(capsys):
    good, bad = made("proved", Evidence("", checks=[HOLDS])), made("proved", Evidence(""))
    assert __main__.main([good]) == 0
    assert "stands  test-claim  proved" in capsys.readouterr().out
    assert __main__.main([bad]) == 1
    printed = capsys.readouterr().out
    assert "FELL" in printed and "0 of 1 stand" in printed and "claim test-claim is called proved" in printed


def test_the_command_explains_itself_and_checks_nothing(capsys):
    with pytest.raises(SystemExit) as ended:
        __main__.asked(["--help"])
    assert ended.value.code == 0 and "a claim to check; all of them when none is named" in capsys.readouterr().out


@pytest.mark.slow
def test_the_command_runs():
    command, paths = [sys.executable, "-m", "activations.claims"], os.pathsep.join(sys.path)
    run = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths})
    assert run.returncode == 0, run.stderr
    assert f"{len(claims.all_claims())} of {len(claims.all_claims())} stand" in run.stdout


def test_the_source_rows_are_whole():
    assert len(ROWS) == 79
    assert all(row.document in DOCUMENTS.values() and row.says for row in ROWS.values())
    counts = {document: sum(id.startswith(document) for id in ROWS) for document in DOCUMENTS}
    assert counts == {"S0": 20, "S1": 13, "S2": 13, "S3": 16, "S4": 17}
