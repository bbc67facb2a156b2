"""Labs: a real run from a kernel, cancelled on the way, and a still figure in the page."""

import threading

import pytest
from activations import lab as module
from activations.charts import Chart, Line
from activations.lab import lab
from bs4 import BeautifulSoup


def drawn(result) -> Chart:
    return Chart("n", "value", [Line(range(len(result)), result)], words=f"It ends at {result[-1]}.")


def powers(base=2, kind="plain"):
    return [base**n for n in range(4)]


def slow_powers(base=2):
    result = []
    for n in range(4):
        result.append(base**n)
        yield n / 4
    return result


@pytest.mark.parametrize("experiment", [powers, slow_powers])
def test_a_run_draws_its_result(experiment):
    box = lab(experiment, drawn, base=[2, 3])
    assert box.choice == {"base": 2}
    box._choosers["base"].value = 3
    box.start().join(20)
    assert box._status.value == "Done." and box._progress.value == 1
    assert 'alt="It ends at 27."' in box._picture.value
    assert not box._run.disabled and box._cancel.disabled


def test_a_run_can_be_cancelled_and_the_last_picture_stays():
    reached, go_on = threading.Event(), threading.Event()

    def waiting(base=2):
        yield 0.5
        reached.set()
        go_on.wait(20)
        yield 0.9
        raise AssertionError("it went on")

    box = lab(waiting, drawn, base=[2])
    box._picture.value = "the last one"
    worker = box.start()
    reached.wait(20)
    assert box._run.disabled and not box._cancel.disabled
    assert box.start() is worker  # a second click starts nothing
    box._cancel.click()
    go_on.set()
    worker.join(20)
    assert box._status.value.startswith("Cancelled") and box._picture.value == "the last one"


def test_a_fault_is_told_and_the_lab_stays_usable():
    def broken(base=2):
        raise ValueError("depth must be at least 1, got 0")

    box = lab(broken, drawn, base=[2])
    box.start().join(20)
    assert box._status.value == "The experiment stopped: depth must be at least 1, got 0"
    assert not box._run.disabled


def test_the_page_holds_a_figure_and_a_link_and_no_control():
    soup = BeautifulSoup(lab(powers, drawn, base=[2, 3], kind=["plain"], caption="Powers.").as_html(), "html.parser")
    assert soup.img["alt"] == "It ends at 8."
    assert "Shown here: base 2, kind plain." in soup.p.get_text()
    assert soup.a["href"] == "launch:"
    assert not soup.select("input, button, select")
    assert soup.figcaption.get_text() == "Powers."


def test_words_become_a_menu_and_numbers_a_slider():
    box = lab(powers, drawn, base=[2, 3], kind=["plain", "fancy"])
    kinds = [type(chooser).__name__ for chooser in box._choosers.values()]
    assert kinds == ["SelectionSlider", "Dropdown"]


def test_the_mime_bundle_has_both_forms():
    data = lab(powers, drawn, base=[2])._repr_mimebundle_()
    assert {"text/html", "application/vnd.jupyter.widget-view+json"} <= set(data)


def test_bad_requests_say_what_is_wrong():
    with pytest.raises(ValueError, match="at least one control"):
        lab(powers, drawn)
    with pytest.raises(ValueError, match="powers takes base, kind, not depth"):
        lab(powers, drawn, depth=[1])


def test_every_word_is_in_the_table():
    assert all(isinstance(word, str) and word for word in module.WORDS.values())
