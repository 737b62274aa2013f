"""Signals in the database: which are open, what a day changes, and how far the rules have been evaluated."""

from datetime import date

import numpy as np
import pandas as pd
from psycopg import Connection
from psycopg.types.json import Jsonb

from analytics_pipeline.signals.life import Changes, Finding, Subject
from analytics_pipeline.signals.silence import HOURS

_LAST_EVALUATED = "SELECT max(as_of) FROM analytics.signal_evaluation"
_OPEN = """
    SELECT rule, course_id, lesson_idx, quiz_id, last_seen_at FROM analytics.signal WHERE resolved_at IS NULL
"""
_LESSON_DAYS = """
    WITH last_viewed AS (
        SELECT course_id, max(day) AS day
          FROM analytics.lesson_daily
         WHERE day BETWEEN %(first)s AND %(last)s AND day < %(judged_from)s AND views > 0
         GROUP BY course_id, lesson_idx
    )
    SELECT course_id, lesson_idx, day, views, viewers,
           CASE WHEN day >= %(judged_from)s OR (course_id, day) IN (SELECT course_id, day FROM last_viewed)
                THEN array_send(views_by_hour) END AS views_by_hour
      FROM analytics.lesson_daily
     WHERE day BETWEEN %(first)s AND %(last)s
"""
_HOURS_AS_SENT = np.dtype(
    [("header", "V20"), ("hours", np.dtype([("length", ">i4"), ("views", ">i8")]), HOURS)]
)
"""An array of bigint as PostgreSQL sends it, which every row of `lesson_daily` has one of."""
_SUBJECT_IS = """
    rule = %(rule)s AND course_id = %(course_id)s AND lesson_idx IS NOT DISTINCT FROM %(lesson_idx)s
    AND quiz_id IS NOT DISTINCT FROM %(quiz_id)s AND resolved_at IS NULL
"""
_INSERT = """
    INSERT INTO analytics.signal
        (rule, course_id, lesson_idx, quiz_id, opened_at, last_seen_at, severity, value, threshold, evidence,
         computed_at, run_id)
    VALUES (%(rule)s, %(course_id)s, %(lesson_idx)s, %(quiz_id)s, %(as_of)s, %(as_of)s, %(severity)s,
            %(value)s, %(threshold)s, %(evidence)s, now(), %(run_id)s)
"""
_KEEP = f"""
    UPDATE analytics.signal
       SET last_seen_at = %(as_of)s, severity = %(severity)s, value = %(value)s, threshold = %(threshold)s,
           evidence = %(evidence)s, computed_at = now(), run_id = %(run_id)s
     WHERE {_SUBJECT_IS}
"""  # noqa: S608  # names of ours
_RESOLVE = f"""
    UPDATE analytics.signal
       SET resolved_at = %(as_of)s, computed_at = now(), run_id = %(run_id)s
     WHERE {_SUBJECT_IS}
"""  # noqa: S608  # names of ours
_EVALUATED = """
    INSERT INTO analytics.signal_evaluation (as_of, assessed, opened, resolved, computed_at, run_id)
    VALUES (%s, %s, %s, %s, now(), %s)
"""


def last_evaluated(connection: Connection) -> date | None:
    """The latest as-of day on which the rules were evaluated; None when they never were."""
    row = connection.execute(_LAST_EVALUATED).fetchone()
    return row[0] if row else None


def lesson_days(connection: Connection, first: date, judged_from: date, last: date) -> pd.DataFrame:
    """The views of the days from first to last, as published in `lesson_daily`.

    The views of each hour only of the days that judging as of one from `judged_from` on asks for, else null.
    """
    span = {"first": first, "judged_from": judged_from, "last": last}
    with connection.cursor(binary=True) as cursor:
        rows = cursor.execute(_LESSON_DAYS, span).fetchall()
        frame = pd.DataFrame(rows, columns=[column.name for column in cursor.description or ()])
    # Millions of hours: to make a Python number of each took most of a night's evaluation.
    is_known = frame["views_by_hour"].notna()
    sent = np.frombuffer(b"".join(frame["views_by_hour"][is_known]), dtype=_HOURS_AS_SENT)
    hours = list(sent["hours"]["views"].astype("float64"))
    return frame.assign(
        day=pd.to_datetime(frame["day"]),
        views_by_hour=pd.Series(hours, index=frame.index[is_known], dtype=object),
    )


def open_signals(connection: Connection) -> dict[Subject, date]:
    """What the open signals are about, each with the day on which it was last seen."""
    return {Subject(*subject): last_seen for *subject, last_seen in connection.execute(_OPEN)}


def write_changes(
    connection: Connection, changes: Changes, *, as_of: date, assessed: int, run_id: str
) -> None:
    """Write what one as-of day changes, and that it was evaluated; within the caller's transaction."""
    written = (
        (_INSERT, [_parameters(finding, as_of, run_id) for finding in changes.opened]),
        (_KEEP, [_parameters(finding, as_of, run_id) for finding in changes.kept]),
        (_RESOLVE, [{**it._asdict(), "as_of": as_of, "run_id": run_id} for it in changes.resolved]),
    )
    with connection.cursor() as cursor:
        for statement, parameters in written:
            cursor.executemany(statement, parameters)
    opened, resolved = len(changes.opened), len(changes.resolved)
    connection.execute(_EVALUATED, [as_of, assessed, opened, resolved, run_id])


def _parameters(finding: Finding, as_of: date, run_id: str) -> dict[str, object]:
    return {
        **finding.subject._asdict(),
        "as_of": as_of,
        "severity": finding.severity,
        "value": finding.value,
        "threshold": finding.threshold,
        "evidence": Jsonb(finding.evidence),
        "run_id": run_id,
    }
