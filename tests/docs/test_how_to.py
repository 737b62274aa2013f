"""What the how-to pages tell people to run does run, as the role that they would have."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics_pipeline.database import tables
from analytics_pipeline.settings import Settings
from tests.admin.rows import course_day, publish
from tests.conftest import Database

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"


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


def test_the_settings_of_the_page_on_single_sign_on_exist() -> None:
    named = set(re.findall(r"ANALYTICS_[A-Z_]+", (HOW_TO / "connect-single-sign-on.md").read_text()))
    assert named <= {f"ANALYTICS_{name.upper()}" for name in Settings.model_fields}
    assert len(named) == 6
