"""An upgraded database shows at once what its next night would publish about weeks and windows."""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from alembic import command
from psycopg import sql
from sqlalchemy import create_engine

from analytics_pipeline.database import tables
from analytics_pipeline.database.migrate import alembic_config, migrate
from analytics_pipeline.database.urls import sqlalchemy_url
from tests.admin.rows import a_received_day, course_day, publish, publish_course_days
from tests.conftest import Database

SUMMARIES = ("site_day", "lesson_week", "course_week", "course_to_date", "course_window")
ZONE = "America/New_York"
AS_OF = datetime(2026, 4, 6, tzinfo=ZoneInfo(ZONE))
"""The end of a Sunday, which in UTC is a Monday already: of another week."""


def summaries(connection: psycopg.Connection) -> dict[str, list[str]]:
    """Every row of the summary tables as text, but for when it was written."""
    query = "SELECT (to_jsonb(s) - 'computed_at')::text FROM analytics.{} AS s ORDER BY 1"
    return {
        name: [row for (row,) in connection.execute(sql.SQL(query).format(sql.Identifier(name)))]
        for name in SUMMARIES
    }


def upgrade_again(database: Database) -> None:
    """Go back to the version before the summary tables, and migrate."""
    engine = create_engine(sqlalchemy_url(database.urls.owner))
    with engine.connect() as connection:
        configuration = alembic_config()
        configuration.attributes["connection"] = connection
        command.downgrade(configuration, "0006")
    engine.dispose()
    migrate(database.settings.model_copy(update={"timezone": ZONE}))


@pytest.fixture
def elsewhere(database: Database) -> Database:
    with database.connect("owner") as connection:
        connection.execute("UPDATE analytics.site SET timezone = %s", [ZONE])
    return database


def test_an_upgraded_database_shows_what_its_last_night_would_have_published(elsewhere: Database) -> None:
    random = Random(5)
    days = [date(2025, 12, 20) + timedelta(days=offset) for offset in range(0, 107, 3)]
    cohorts: list[dict[str, Any]] = [
        {"course_id": name, "cohort_day": day, "as_of": AS_OF}
        for name in ("algebra", "botany")
        for day in days
    ]
    funnels = [
        row | {"funnel": funnel, "entered": 9, "converted": 4, "mature": 7, "mature_step_2": 3}
        for row in cohorts
        for funnel in ("completion", "purchase")
    ]
    lessons = [
        row | {"lesson_idx": lesson, "stopped": random.randrange(9), "active": 1, "finished": 2}
        for row in cohorts
        for lesson in (0, 1)
    ]
    orders = [
        row
        | {
            "currency": currency,
            "orders": random.randrange(3),
            "gross": 12.5,
            "refunded": 0,
            "net": 10,
            "approximate": False,
        }
        for row in cohorts[: len(days)]
        for currency in ("EUR", "USD", None)
    ]
    visits = [
        {"course_id": "algebra", "lesson_idx": lesson, "day": day, "views": random.randrange(9), "viewers": 3}
        | {"measured_learners": 3, "active_ms_sum": 700, "active_ms_hist": {"7": 2, "9": 1} if lesson else {}}
        for day in days
        for lesson in (0, 1)
    ]
    with elsewhere.connect("pipeline") as connection:
        publish_course_days(
            connection, *(course_day(row["course_id"], row["cohort_day"], 8) for row in cohorts)
        )
        publish_course_days(connection, course_day("chemistry", AS_OF.date(), 3))
        publish(connection, tables.event_day, *(a_received_day("algebra", day=day) for day in days))
        publish(connection, tables.lesson_daily, *visits)
        publish(connection, tables.lesson_cohort, *lessons)
        publish(connection, tables.course_funnel, *funnels)
        publish(connection, tables.course_refund, *orders)
        published = summaries(connection)
    assert all(published[name] for name in SUMMARIES)
    upgrade_again(elsewhere)
    with elsewhere.connect("admin") as connection:
        assert summaries(connection) == published


def test_a_course_without_a_complete_day_is_listed_after_an_upgrade(elsewhere: Database) -> None:
    with elsewhere.connect("pipeline") as connection:
        publish_course_days(connection, course_day("algebra", date(2026, 3, 2), 3))
    upgrade_again(elsewhere)
    with elsewhere.connect("admin") as connection:
        listed = connection.execute(
            "SELECT window_days, first_day, learners, as_of FROM analytics.course_window ORDER BY window_days"
        ).fetchall()
        assert connection.execute("SELECT FROM analytics.course_week").fetchall() == []
    assert listed == [(days, date(2026, 3, 2), 0, None) for days in (0, 7, 30, 90)]
