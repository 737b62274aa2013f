"""The cohort tables as they stand published, as far back as the rules look.

A night judges what it has just published: to count it once more would cost as much again. No more is read
than may be in a rule's window, so that a long past costs no more than a short one.
"""

from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd
from psycopg import Connection

from analytics_pipeline.settings import Settings
from analytics_pipeline.signals.window import MOST_DAYS

# Every lesson was reached by whoever is counted at the last one: back to where these are enough, all lessons
# have enough. A lesson without a row since then is a lesson of the course all the same.
_LESSONS = """
    WITH lesson AS (
        SELECT course_id, lesson_idx, lesson_idx = max(lesson_idx) OVER (PARTITION BY course_id) AS is_last
          FROM analytics.lesson_cohort
         GROUP BY course_id, lesson_idx
    ), arrived AS (
        SELECT course_id, cohort_day,
               sum(stopped + active + finished)
                   OVER (PARTITION BY course_id ORDER BY cohort_day DESC) AS learners
          FROM analytics.lesson_cohort JOIN lesson USING (course_id, lesson_idx)
         WHERE is_last AND cohort_day BETWEEN %(first)s AND %(last)s
    ), enough AS (
        SELECT course_id, least(max(cohort_day), %(recent)s) AS since
          FROM arrived
         WHERE learners >= %(learners)s
         GROUP BY course_id
    ), chosen AS (
        SELECT course_id, lesson_idx, cohort_day, stopped, active, finished
          FROM analytics.lesson_cohort LEFT JOIN enough USING (course_id)
         WHERE cohort_day BETWEEN coalesce(since, %(first)s) AND %(last)s
    )
    SELECT course_id, lesson_idx, cohort_day, stopped, active, finished FROM chosen
    UNION ALL
    SELECT course_id, lesson_idx, newest.cohort_day, 0, 0, 0
      FROM lesson
      JOIN (SELECT course_id, max(cohort_day) AS cohort_day FROM chosen GROUP BY course_id) AS newest
     USING (course_id)
     WHERE NOT EXISTS (SELECT FROM chosen AS c
                        WHERE c.course_id = lesson.course_id AND c.lesson_idx = lesson.lesson_idx)
"""
_QUIZZES = """
    SELECT course_id, quiz_id, lesson_idx, cohort_day, attempters, first_attempt_passers, best_attempt_passers
      FROM (SELECT *, sum(attempters) OVER (PARTITION BY course_id, quiz_id, lesson_idx
                                            ORDER BY cohort_day DESC) - attempters AS younger
              FROM analytics.quiz_cohort
             WHERE cohort_day BETWEEN %(first)s AND %(last)s) AS counted
     WHERE cohort_day >= %(recent)s OR younger < %(learners)s
"""
_COURSES = """
    SELECT course_id, funnel, cohort_day, mature, mature_step_2
      FROM analytics.course_funnel
     WHERE funnel = 'completion' AND mature > 0 AND cohort_day >= %(first)s
"""
_ORDERS = """
    SELECT course_id, approximate, cohort_day, sum(mature_orders)::bigint AS mature_orders,
           sum(mature_refunded_orders)::bigint AS mature_refunded_orders
      FROM analytics.course_refund
     WHERE mature_orders > 0 AND cohort_day >= %(first)s
     GROUP BY course_id, approximate, cohort_day
"""

_KINDS = {
    "course_id": "object",
    "quiz_id": "object",
    "funnel": "object",
    "approximate": "bool",
    "lesson_idx": "Int64",
    "cohort_day": "datetime64[us]",
}
"""Of the columns that are no counts."""


def published_tables(connection: Connection, settings: Settings, as_of: date) -> Mapping[str, pd.DataFrame]:
    """The cohort tables as published as of this day: of each, what `find` may look at."""
    overrides = settings.signal_overrides.values()
    learners = max([settings.signal_window_learners, *(each.window_learners or 0 for each in overrides)])
    days = max([settings.signal_window_days, *(each.window_days or 0 for each in overrides)])
    longest = max(
        [settings.funnel_window_days, settings.refund_window_days, *settings.funnel_windows.values()]
    )

    def read(query: str, last: date, most_days: int) -> pd.DataFrame:
        span = {
            "learners": learners,
            "first": last - timedelta(days=most_days - 1),
            "recent": last - timedelta(days=days - 1),
            "last": last,
        }
        cursor = connection.execute(query.encode(), span)
        names = [column.name for column in cursor.description or ()]
        # Without a row, pandas could not tell that they are numbers.
        kinds = {name: _KINDS.get(name, "int64") for name in names}
        return pd.DataFrame(cursor.fetchall(), columns=names).astype(kinds)

    return {
        "lesson_cohort": read(_LESSONS, as_of - timedelta(days=settings.quiet_days), MOST_DAYS),
        "quiz_cohort": read(_QUIZZES, as_of, MOST_DAYS),
        "course_funnel": read(_COURSES, as_of, MOST_DAYS + longest),
        "course_refund": read(_ORDERS, as_of, MOST_DAYS + longest),
    }
