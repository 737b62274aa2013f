"""Markdown out of plain values."""


def page(title: str, introduction: str, *sections: str) -> str:
    """A page of the reference, with a word on where it comes from."""
    note = "<!-- Written by `make docs`; edit the code instead. -->"
    return "\n\n".join([f"# {title}", note, introduction, *(text.strip() for text in sections)]) + "\n"


def section(title: str, *paragraphs: str) -> str:
    """A section of a page; empty paragraphs are left out."""
    return "\n\n".join([f"## {title}", *(text.strip() for text in paragraphs if text.strip())])
