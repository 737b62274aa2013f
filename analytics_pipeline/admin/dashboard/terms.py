"""The definition of every number that the pages show, in words, to stand beside it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from analytics_pipeline.admin.rules import Rules

_TERMS = tomllib.loads((Path(__file__).parent / "terms.toml").read_text())


@dataclass(frozen=True)
class Term:
    """A number's title, and what it counts."""

    title: str
    meaning: str


def glossary(rules: Rules) -> dict[str, Term]:
    """The terms by the name of their number, under the rules of this site."""
    return {
        name: Term(term["title"], term["meaning"].format(quiet_days=rules.quiet_days))
        for name, term in _TERMS.items()
    }
