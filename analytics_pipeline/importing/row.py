"""A row of a table, its columns named as on the wire, turned into a wire event."""

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from analytics_pipeline.importing.source import WrongSourceError

COLUMNS = ("id", "eventType", "userId", "courseId", "lessonIdx", "metadata", "createdAt")
REQUIRED = ("eventType", "createdAt")
METADATA_PREFIX = "metadata."

# A text table cannot tell a number from a text; of these keys the pipeline reads numbers. Every other key
# stays as written: the quiz "007" is not the quiz 7.
_NUMBER_KEYS = frozenset({"activeMs", "score", "attempt"})

_encode = msgspec.json.Encoder().encode


class BadRowError(Exception):
    """A row that is no event; the message says why."""


def check_columns(path: Path, columns: Sequence[str]) -> None:
    """Raise WrongSourceError when a column is unknown or stands twice, or a needed one is missing."""
    for column in columns:
        if column not in COLUMNS and not column.startswith(METADATA_PREFIX):
            raise WrongSourceError(
                f"{path} has a column {column!r}; an event has {', '.join(COLUMNS)}, or metadata.KEY."
            )
        if columns.count(column) > 1:
            raise WrongSourceError(f"{path} has the column {column!r} more than once.")
    for column in REQUIRED:
        if column not in columns:
            raise WrongSourceError(f"{path} has no column {column!r}; the first row names the columns.")


def encode_row(row: Mapping[str, object]) -> bytes:
    """The event of `row` as JSON; an empty cell is an absent field. Raises BadRowError."""
    event: dict[str, object] = {}
    metadata: dict[str, object] = {}
    for column, value in row.items():
        if _is_empty(value):
            continue
        if column.startswith(METADATA_PREFIX):
            key = column.removeprefix(METADATA_PREFIX)
            metadata[key] = _number(key, value) if key in _NUMBER_KEYS else value
        elif column == "metadata":
            metadata |= _json_object(value)
        else:
            event[column] = _FIELDS[column](value)
    if metadata:
        event["metadata"] = metadata
    try:
        return _encode(event)
    except UnicodeEncodeError as error:
        raise BadRowError("is not UTF-8") from error
    except (TypeError, RecursionError) as error:
        raise BadRowError(f"cannot be written as JSON ({error})") from error


def _is_empty(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _text(value: object) -> object:
    """Ids are text on the wire, and often whole numbers in a table."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int) else value


def _lesson_idx(value: object) -> object:
    """A whole number, also where a column with gaps has turned 3 into 3.0."""
    number = _number("lessonIdx", value)
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _instant(value: object) -> object:
    """Milliseconds since the epoch are a number; everything else is text, judged by the ingest service."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def _number(name: str, value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if not isinstance(value, str):
        return value
    try:
        number: object = msgspec.json.decode(value, type=int | float)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise BadRowError(f"{name} {value!r} is no number") from error
    return number


def _json_object(value: object) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    try:
        metadata = msgspec.json.decode(value) if isinstance(value, str) else None
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        metadata = None
    if not isinstance(metadata, dict):
        raise BadRowError("metadata is not a JSON object")
    return metadata


_FIELDS: dict[str, Callable[[object], object]] = {
    "id": _text,
    "eventType": _text,
    "userId": _text,
    "courseId": _text,
    "lessonIdx": _lesson_idx,
    "createdAt": _instant,
}
