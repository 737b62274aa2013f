"""Text files, plain or gzipped."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from analytics_pipeline.importing.source import WrongSourceError

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """Open `path`, unzipped where it ends in .gz; WrongSourceError when it cannot be read to its end."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            yield cast("BinaryIO", file)
    except (OSError, EOFError, zlib.error) as error:
        raise WrongSourceError(f"{path} cannot be read: {error}.") from error


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of `path` that are not blank, stripped, with their numbers from 1."""
    with open_file(path) as file:
        for number, line in enumerate(file, start=1):
            text = line.removeprefix(_BYTE_ORDER_MARK).strip() if number == 1 else line.strip()
            if text:
                yield number, text
