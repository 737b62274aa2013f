"""The summary tables: renewed by the transactions that publish what they sum up, so that they agree."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from psycopg import Connection

from analytics_pipeline.metrics.models import read_sql

DELETE_DAYS = "DELETE FROM analytics.site_day WHERE day = ANY(%(days)s)"

# A course is listed from its first event on, also before its first day is complete.
SHOW_COURSES = """
    INSERT INTO analytics.course_window AS w
        (window_days, course_id, first_day, last_day, learners, enrolled, completed, mature, mature_completed,
         revenue, computed_at, run_id)
    SELECT days, course_id, min(day), max(day), 0, 0, 0, 0, 0, '{}', now(), %(run_id)s
      FROM analytics.course_daily CROSS JOIN unnest(ARRAY[0, 7, 30, 90]) AS days
     WHERE day = ANY(%(days)s)
     GROUP BY days, course_id
        ON CONFLICT (window_days, course_id) DO UPDATE
       SET first_day = least(w.first_day, excluded.first_day),
           last_day = greatest(w.last_day, excluded.last_day)
"""

DELETE_LESSON_WEEKS = "DELETE FROM analytics.lesson_week WHERE week = ANY(%(weeks)s)"

DELETE_WEEKS = "DELETE FROM analytics.course_week WHERE week >= %(first_week)s"


def refresh_days(connection: Connection, days: Sequence[date], run_id: str) -> None:
    """Renew what follows from the daily tables of these days; part of the caller's transaction."""
    weeks = sorted({day - timedelta(days=day.weekday()) for day in days})
    parameters = {
        "days": list(days),
        "weeks": weeks,
        "days_of_weeks": [week + timedelta(days=number) for week in weeks for number in range(7)],
        "run_id": run_id,
    }
    sums = (DELETE_DAYS, read_sql("site_day"), DELETE_LESSON_WEEKS, read_sql("lesson_week"))
    for statement in (*sums, SHOW_COURSES):
        connection.execute(statement.encode(), parameters)


def refresh_windows(
    connection: Connection, last_day: date, as_of: datetime, run_id: str, since: date = date.min
) -> dict[str, int]:
    """Renew course_week from the week of `since` on, and what is summed up from it; the rows of each.

    `last_day` is the last complete day, `as_of` its end. Every window moves with it, so all courses are
    renewed there; that reads weeks, of which there are few. Part of the caller's transaction.
    """
    parameters = {
        "last_day": last_day,
        "as_of": as_of,
        "run_id": run_id,
        "first_week": since - timedelta(days=since.weekday()),
    }
    connection.execute(DELETE_WEEKS, parameters)
    weeks = connection.execute(read_sql("course_week").encode(), parameters).rowcount
    connection.execute("DELETE FROM analytics.course_to_date")
    totals = connection.execute(read_sql("course_to_date").encode(), parameters).rowcount
    connection.execute("DELETE FROM analytics.course_window")
    windows = connection.execute(read_sql("course_window").encode(), parameters).rowcount
    return {"course_week": weeks, "course_to_date": totals, "course_window": windows}
