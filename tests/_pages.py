"""Which pages of the book are chapters. A test that needs them puts the folder of the tests on its path."""

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "chapters"

# Pages in which one looks things up, or practises, have a form of their own and need no links to other such pages.
OTHERS = (
    "bibliography",
    "catalogue",
    "cheat-sheet",
    "claims",
    "error-museum",
    "glossary",
    "how-built",
    "interview",
    "run-it-yourself",
)
CHAPTERS = [path for path in sorted(FOLDER.glob("*.md")) if path.stem not in OTHERS]
