"""NDJSON: one wire event a line, as the ingest endpoint takes it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from analytics_pipeline.importing.lines import read_lines
from analytics_pipeline.importing.source import BadLine, ReportBadLine, Source


def open_ndjson(paths: Sequence[Path], report: ReportBadLine) -> Source:
    """The lines of the files, one after another, as they stand; what is no JSON object is reported."""
    return Source(_events(paths, report))


def _events(paths: Sequence[Path], report: ReportBadLine) -> Iterator[bytes]:
    for path in paths:
        for number, line in read_lines(path):
            # One line that is no JSON would have its whole request refused.
            problem = _problem(line)
            if problem is None:
                yield line
            else:
                report(BadLine(path, number, problem))


def _problem(line: bytes) -> str | None:
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return f"is not JSON ({error})"
    except RecursionError:
        return "is nested too deeply"
    return None if isinstance(value, dict) else "is not a JSON object"
