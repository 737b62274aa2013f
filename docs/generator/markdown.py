"""Markdown out of plain values."""

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; what would end a cell or a row is escaped."""
    lines = [_line(header), _line(["---"] * len(header)), *(_line(row) for row in rows)]
    return "\n".join(lines) + "\n"


def page(title: str, introduction: str, *sections: str) -> str:
    """A page of the reference, with a word on where it comes from."""
    note = "<!-- Written by `make docs`; edit the code instead. -->"
    return "\n\n".join([f"# {title}", note, introduction, *(text.strip() for text in sections)]) + "\n"


def section(title: str, *paragraphs: str) -> str:
    """A section of a page; empty paragraphs are left out."""
    return "\n\n".join([f"## {title}", *(text.strip() for text in paragraphs if text.strip())])


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ").strip()
