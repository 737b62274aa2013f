"""A catalogue from a CSV or JSON file: what it says, and the sentence for what makes no sense."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analytics_pipeline.course_catalogue.entries import Catalogue, CatalogueError, Course, Lesson
from analytics_pipeline.course_catalogue.source import read_catalogue
from analytics_pipeline.settings import Settings

Write = Callable[[str, str | bytes], dict[str, Any]]

CSV = """\ufeffcourse_id,course_title,funnel_window_days,lesson_idx,lesson_title,required,teacher
algebra,Algebra I,270,0,"Sets, and more",true,Noether
algebra,,,1,Groups,f,
algebra,,,2,,,
empty,An empty course,,,,,
"""
JSON = """[
  {"courseId": "algebra", "courseTitle": "Algebra I", "funnelWindowDays": 270,
   "lessonIdx": 0, "lessonTitle": "Sets, and more", "required": true},
  {"courseId": "algebra", "lessonIdx": 1, "lessonTitle": "Groups", "required": false},
  {"courseId": "algebra", "lessonIdx": 2, "teacher": "Noether"},
  {"courseId": "empty", "courseTitle": "An empty course"}
]"""
SAID = Catalogue(
    {"algebra": Course("Algebra I", 270), "empty": Course("An empty course", None)},
    {
        ("algebra", 0): Lesson("Sets, and more", required=True),
        ("algebra", 1): Lesson("Groups", required=False),
        ("algebra", 2): Lesson(None, required=False),
    },
)


def read(changes: dict[str, Any]) -> Catalogue:
    return read_catalogue(Settings().model_copy(update=changes))


@pytest.mark.parametrize(("name", "content"), [("c.csv", CSV), ("c.json", JSON)])
def test_both_kinds_of_file_say_the_same(write: Write, name: str, content: str) -> None:
    assert read(write(name, content)) == SAID


@pytest.mark.parametrize(("name", "content"), [("c.csv", "course_id\n"), ("c.json", "[]")])
def test_a_file_may_say_that_there_is_no_course(write: Write, name: str, content: str) -> None:
    assert read(write(name, content)) == Catalogue({}, {})


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("c.csv", "", "there is no column course_id"),
        ("c.csv", "id,title\n1,A\n", "there is no column course_id"),
        (
            "c.csv",
            "course_id,lesson_idx\nc1,0\nc1,first\n",
            "line 3: lesson_idx is 'first': Expected `int | null`, got `str`",
        ),
        ("c.csv", "course_id,lesson_idx\nc1,-1\n", "line 2: lesson_idx is '-1': Expected `int` >= 0"),
        ("c.csv", "course_id,lesson_idx\n,1\n", "line 2: Object missing required field `courseId`"),
        ("c.csv", "course_id,required\nc1,maybe\n", "line 2: required is 'maybe': Expected `bool"),
        ("c.csv", "course_id,required\nc1,yes\n", "a lesson of c1 has no lesson_idx"),
        ("c.csv", "course_id,lesson_idx\nc1,1\nc1,1\n", "line 3: lesson 1 of c1 is there twice"),
        ("c.csv", "course_id,course_title\nc1,A\nc1,B\n", "two different values for its title: A, B"),
        (
            "c.csv",
            "course_id,funnel_window_days\nc1,0\n",
            "line 2: funnel_window_days is '0': Expected `int` >= 1",
        ),
        ("c.csv", b"course_id\nc\x00\n", "NUL"),
        ("c.csv", b"course_id\n\xff\n", "byte 10 is not UTF-8"),
        ("c.json", "{}", "Expected `array`, got `object`"),
        ("c.json", "[{", "Input data was truncated"),
        ("c.json", '[{"courseId": 7}]', "Expected `str`, got `int`"),
        ("c.json", '[{"courseId": "a\\u0000"}]', "entry 1: a NUL character"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_place(
    write: Write, name: str, content: str | bytes, sentence: str
) -> None:
    with pytest.raises(CatalogueError) as raised:
        read(write(name, content))
    assert sentence in str(raised.value)
    assert name in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"nowhere\.csv: No such file or directory"):
        read({"catalogue_file": tmp_path / "nowhere.csv"})
