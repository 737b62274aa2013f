"""What the lake's files hold of each day, for the checks of a publication to compare with."""

from psycopg import Connection

from analytics_pipeline.engine import Reading
from analytics_pipeline.metrics.models import read_sql

_CREATE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS measured_day (
        day date PRIMARY KEY,
        events bigint NOT NULL,
        learner_day_events bigint NOT NULL,
        repeated_ids bigint NOT NULL
    )
"""
_ADD = "INSERT INTO pg_temp.measured_day VALUES (%s, %s, %s, %s)"


def measure_days(connection: Connection, days: Reading) -> None:
    """Count what the files of these days hold, into the connection's `pg_temp.measured_day`."""
    counted = days.frame(read_sql("measured_day"), {})
    rows = counted.astype({"day": object}).itertuples(index=False, name=None)
    connection.execute(_CREATE)
    connection.execute("TRUNCATE pg_temp.measured_day")
    with connection.cursor() as cursor:
        cursor.executemany(_ADD, [(day.date(), *counts) for day, *counts in rows])
