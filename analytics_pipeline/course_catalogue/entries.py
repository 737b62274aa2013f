"""What a catalogue says, and what makes it unusable."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from analytics_pipeline.events import Name

T = TypeVar("T")

Title = Annotated[str, Meta(min_length=1, max_length=500)]


class CatalogueError(Exception):
    """The catalogue's source cannot be read or makes no sense; the message is a sentence that says where."""


class Line(Struct, frozen=True, rename="camel"):
    """One line of a source: a lesson with its course, or a course alone. Unknown columns are ignored."""

    course_id: Name
    course_title: Title | None = None
    funnel_window_days: Annotated[int, Meta(ge=1, le=3650)] | None = None
    lesson_idx: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    lesson_title: Title | None = None
    required: bool | None = None


COLUMNS = Line.__struct_fields__
"""The columns of a source, in snake_case."""


@dataclass(frozen=True)
class Lesson:
    """A lesson of the catalogue."""

    title: str | None
    required: bool


@dataclass(frozen=True)
class Course:
    """A course of the catalogue."""

    title: str | None
    funnel_window_days: int | None


@dataclass(frozen=True)
class Catalogue:
    """All of it: courses by id, lessons by course and number."""

    courses: Mapping[str, Course]
    lessons: Mapping[tuple[str, int], Lesson]


def catalogue_of(lines: Iterable[tuple[str, Line]]) -> Catalogue:
    """The catalogue that these lines, each with its place, add up to; CatalogueError where they disagree.

    A course may be named on every line of its lessons: what one line leaves open, another may say.
    """
    courses: dict[str, Course] = {}
    lessons: dict[tuple[str, int], Lesson] = {}
    for place, line in lines:
        _refuse_nul(place, line)
        known = courses.get(line.course_id, Course(None, None))
        courses[line.course_id] = Course(
            title=_agreed(place, line.course_id, "title", known.title, line.course_title),
            funnel_window_days=_agreed(
                place, line.course_id, "funnel window", known.funnel_window_days, line.funnel_window_days
            ),
        )
        if line.lesson_idx is None:
            if line.lesson_title is not None or line.required:
                raise CatalogueError(f"{place}: a lesson of {line.course_id} has no lesson_idx.")
            continue
        key = line.course_id, line.lesson_idx
        if key in lessons:
            raise CatalogueError(f"{place}: lesson {line.lesson_idx} of {line.course_id} is there twice.")
        lessons[key] = Lesson(line.lesson_title, required=bool(line.required))
    return Catalogue(courses, lessons)


def line_of(place: str, fields: Mapping[str, Any]) -> Line:
    """The line with these columns, by their names in snake_case, text or typed; CatalogueError."""
    wire = {
        Line.__struct_encode_fields__[COLUMNS.index(name)]: fields[name] for name in COLUMNS if name in fields
    }
    try:
        return msgspec.convert(wire, Line, strict=False)
    except msgspec.ValidationError as error:
        raise CatalogueError(f"{place}: {_in_columns(str(error), fields)}.") from error


def _in_columns(message: str, fields: Mapping[str, Any]) -> str:
    """What msgspec says of a field, with the name and the value that the source has for it."""
    said, _, path = message.partition(" - at `$.")
    names = dict(zip(Line.__struct_encode_fields__, COLUMNS, strict=True))
    column = names.get(path.rstrip("`"))
    return message if column is None else f"{column} is {fields[column]!r}: {said}"


def _agreed(place: str, course_id: str, what: str, known: T | None, said: T | None) -> T | None:
    if known is not None and said is not None and known != said:
        raise CatalogueError(
            f"{place}: {course_id} has two different values for its {what}: {known}, {said}."
        )
    return said if known is None else known


def _refuse_nul(place: str, line: Line) -> None:
    """No table can hold one."""
    if any("\0" in text for text in (line.course_id, line.course_title or "", line.lesson_title or "")):
        raise CatalogueError(f"{place}: a NUL character stands in an id or a title.")
