"""The contents of the documentation, from the first line of each page."""

from collections.abc import Iterable
from pathlib import Path

from docs.generator.markdown import page, section

DOCS = Path(__file__).parents[1]
PARTS = {
    "Tutorial": ("tutorial", "From a clone to the first number of your own."),
    "How to": ("how-to", "One task a page."),
    "Reference": ("reference", "Written from the code, except for the glossary."),
    "Explanation": ("explanation", "Why it is as it is."),
}

INTRODUCTION = (
    "[Decisions](decisions.md) records what a newcomer would question; "
    "[Scale](scale.md) plans for very many events."
)


def contents_page(generated: Iterable[str]) -> str:
    """Every page by its part; `generated` are the pages that may not stand there yet."""
    sections = []
    for title, (folder, words) in PARTS.items():
        names = {path.relative_to(DOCS).as_posix() for path in (DOCS / folder).glob("*.md")}
        names |= {name for name in generated if name.startswith(f"{folder}/")}
        if names:
            lines = [f"* [{_title(name)}]({name})" for name in sorted(names)]
            sections.append(section(title, words, "\n".join(lines)))
    return page("Documentation", INTRODUCTION, *sections)


def _title(name: str) -> str:
    path = DOCS / name
    if not path.is_file():
        return path.stem
    return path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
