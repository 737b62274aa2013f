"""What the how-to pages tell people to run does run, as the role that they would have."""

import re
import shlex
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
import typer

from analytics_pipeline.cli.app import build_app
from analytics_pipeline.course_catalogue.source import read_catalogue
from analytics_pipeline.database import tables
from analytics_pipeline.events import WireEvent, missing_field
from analytics_pipeline.settings import Settings
from tests.admin.rows import course_day, publish
from tests.conftest import Database
from tests.scripted_endpoint import scripted_endpoint

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
PAGES = sorted(page.name for page in HOW_TO.glob("*.md"))


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (HOW_TO / page).read_text(), re.MULTILINE | re.DOTALL)


def test_the_queries_and_the_notebook_read_published_tables_as_the_admin_role(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [date(2026, 3, 1), date(2026, 3, 2)]
    key = {"course_id": "algebra", "cohort_day": days[0]}
    with database.connect("pipeline") as pipeline:
        publish(
            pipeline, tables.course_daily, *(course_day("algebra", day, day.day, views=9) for day in days)
        )
        counts = ({"stopped": 3}, {"stopped": 1, "finished": 6})
        lessons = [key | {"lesson_idx": idx} | one for idx, one in enumerate(counts)]
        publish(pipeline, tables.lesson_cohort, *lessons)
        publish(
            pipeline,
            tables.course_funnel,
            key | {"funnel": "completion", "entered": 10, "mature": 8, "mature_step_2": 6},
        )
    with database.connect("admin") as reader:
        drop_off, completion = (
            reader.execute(query.encode()).fetchall() for query in blocks("query-from-a-notebook.md", "sql")
        )
    assert drop_off == [(0, 3, 10), (1, 1, 7)]
    assert [(int(mature), float(rate)) for _, mature, rate in completion] == [(8, 0.75)]
    monkeypatch.setenv("READER_URL", database.urls.admin)
    (notebook,) = blocks("query-from-a-notebook.md", "python")
    names: dict[str, Any] = {}
    exec(notebook, names)  # noqa: S102  # a page of ours
    assert names["weekly_views"].sum() == 18
    assert names["busiest"] == pd.Timestamp(days[1])


def test_the_backend_of_a_site_sends_what_its_page_shows() -> None:
    (program,) = blocks("connect-a-site.md", "python")
    with scripted_endpoint() as endpoint:
        names: dict[str, Any] = {}
        exec(program.replace("https://events.example.org", endpoint.url), names)  # noqa: S102  # a page of ours
        assert names["client"].close()
    (event,) = endpoint.events
    assert missing_field(msgspec.convert(event, WireEvent, strict=False)) is None
    assert (event["eventType"], event["metadata"]["amount"]) == ("purchase", "49.00")


def test_the_catalogue_of_its_page_is_one(tmp_path: Path) -> None:
    (lines,) = blocks("course-catalogue.md", "csv")
    (tmp_path / "catalogue.csv").write_text(lines)
    catalogue = read_catalogue(Settings(home=tmp_path, catalogue_file=tmp_path / "catalogue.csv"))
    assert {key: lesson.required for key, lesson in catalogue.lessons.items()} == {
        ("algebra", 0): True,
        ("algebra", 1): False,
    }


@pytest.mark.parametrize("page", PAGES)
def test_the_settings_that_a_page_names_exist(page: str) -> None:
    named = set(re.findall(r"ANALYTICS_[A-Z_]+", (HOW_TO / page).read_text()))
    # What our dagster.yaml reads, and no service of ours.
    known = {"ANALYTICS_DAGSTER_STORAGE_URL"} | {
        f"ANALYTICS_{name.upper()}" for name in Settings.model_fields
    }
    assert named <= known


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_and_options_that_a_page_has_people_type_exist(page: str) -> None:
    text = (HOW_TO / page).read_text()
    for typed in re.findall(r"(?<![\w./-])analytics ([a-z].*)", "\n".join(blocks(page, "(?:ba)?sh"))):
        # Without the end of a substitution, and a comment.
        check_command(shlex.split(re.split(r'\)"|\s#', typed)[0]))
    for typed in re.findall(r"`analytics ([a-z][^`]*)`", text):
        check_command(typed.split())


def check_command(words: list[str]) -> None:
    command: Any = typer.main.get_command(build_app())
    left = list(words)
    while left and hasattr(command, "commands"):
        command = command.commands[left.pop(0)]
    options = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    assert {word for word in left if word.startswith("-")} <= options, words
