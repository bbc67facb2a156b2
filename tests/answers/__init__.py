"""What stands behind the interview's answers: each number in one is asserted here, and each whiteboard solution runs.

One module a topic of ``chapters/interview.md``. A check names its question and the numbers of the answer that it
asserts, as they are written there::

    @check("sigmoid-largest-slope", "1/4", "0.25")
    def _():
        assert fact_sheet("sigmoid").lipschitz.value == Rational(1, 4)

A check with a parameter gets the names that the answer's own code defines: so a whiteboard solution is tested::

    @check("write-a-stable-sigmoid")
    def _(solution):
        assert solution["sigmoid"](-1000.0) == 0.0
"""

from collections.abc import Callable
from dataclasses import dataclass

CHECKS: list["AnswerCheck"] = []


@dataclass(frozen=True)
class AnswerCheck:
    """A function that asserts ``numbers``, written so in the answer to ``question``."""

    question: str
    numbers: tuple[str, ...]
    function: Callable[..., None]


def check(question: str, *numbers: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Enter the decorated function as a check of the answer to ``question``."""

    def enter(function: Callable[..., None]) -> Callable[..., None]:
        CHECKS.append(AnswerCheck(question, numbers, function))
        return function

    return enter
