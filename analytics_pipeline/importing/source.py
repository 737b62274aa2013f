"""What an import reads: a source of wire events, whatever the format of its files."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


class WrongSourceError(Exception):
    """Files that cannot be imported; the message is one sentence that names the file and what to do."""


@dataclass(frozen=True)
class BadLine:
    """A line that is no event. It is reported and left out; the rest of its file is read."""

    file: Path
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.reason}"


ReportBadLine = Callable[[BadLine], None]


@dataclass(frozen=True)
class Source:
    """Wire events, each one JSON object in UTF-8, and how many there will be (None: not known before).

    `events` can be read once.
    """

    events: Iterator[bytes]
    total: int | None = None
