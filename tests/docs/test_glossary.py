"""The glossary and the code use the same words."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from analytics_pipeline.events import METADATA_KEYS, EventType, Reason
from analytics_pipeline.metrics import causes
from analytics_pipeline.signals import rules

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs" / "reference" / "glossary.md").read_text(encoding="utf-8")


def entries(title: str) -> list[str]:
    """The first column of the table under this title, without backticks."""
    section = GLOSSARY.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    cells = re.findall(r"^\| (.+?) \|", section, re.MULTILINE)
    return [cell.strip("`") for cell in cells][1:]


def _rules() -> Iterable[str]:
    source = Path(rules.__file__).parent
    for module in source.glob("*.py"):
        yield from re.findall(r"^def ((?:high|low|silent)_\w+)\(", module.read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Event types", [kind.value for kind in EventType]),
        ("Metadata that is read", list(METADATA_KEYS)),
        ("Reasons for the quarantine", [reason.value for reason in Reason]),
        ("Causes of revisions", [value for name, value in vars(causes).items() if name.isupper()]),
        ("Rules", list(_rules())),
    ],
)
def test_the_glossary_lists_exactly_what_the_code_knows(title: str, words: list[str]) -> None:
    assert sorted(entries(title)) == sorted(words)


def test_a_word_of_the_glossary_is_explained_once() -> None:
    words = entries("Words")
    assert len(words) == len(set(words)) > 20
