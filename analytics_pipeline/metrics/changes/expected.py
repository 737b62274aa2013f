"""How many learners and orders each course has, which what is published of it is held against."""

from collections.abc import Iterable
from datetime import date

from duckdb import DuckDBPyConnection
from psycopg import Connection

from analytics_pipeline.engine import Parameters

_COUNT = """
    WITH bought AS (
        SELECT course_id, order_id, learner_id, day FROM known_orders WHERE NOT is_refund
    ), buyer AS (
        SELECT course_id, min(day) AS day FROM bought WHERE learner_id IS NOT NULL
         GROUP BY course_id, learner_id
    ), bought_order AS (
        SELECT course_id, min(day) AS day FROM bought GROUP BY course_id, order_id
    ), counted AS (
        SELECT course_id, count_if(lesson_day >= $kept_since) AS lessons,
               count_if(view_day >= $kept_since) AS discovery,
               count_if(enrol_day >= $kept_since) AS completion
          FROM entries
         GROUP BY course_id
    )
    SELECT course_id, kind, counted, CAST($kept_since AS DATE)
      FROM (UNPIVOT counted ON lessons, discovery, completion INTO NAME kind VALUE counted
            UNION ALL
            SELECT course_id, 'purchase', count_if(day >= $kept_since) FROM buyer GROUP BY course_id
            UNION ALL
            SELECT course_id, 'orders', count_if(day >= $kept_since) FROM bought_order GROUP BY course_id)
"""
_EXPECT = """
    CREATE TEMPORARY TABLE IF NOT EXISTS expected (
        course_id text, kind text, counted bigint, kept_since date
    );
    TRUNCATE pg_temp.expected
"""

Expected = tuple[str, str, int, date]
"""A course, what is counted, how much of it there is, and since which cohort day.

Counted are `orders`, and learners who came to `lessons` or into the funnels `discovery`, `completion` and
`purchase`.
"""


def count_expected(duck: DuckDBPyConnection, parameters: Parameters) -> list[Expected]:
    """Count them in the session's `entries` and `known_orders`, of cohort days from `$kept_since` on."""
    return duck.execute(_COUNT, {"kept_since": parameters["kept_since"]}).fetchall()


def expect(connection: Connection, counts: Iterable[Expected]) -> None:
    """Tell them to the publication's checks, in `pg_temp.expected`; none where all is counted anew."""
    connection.execute(_EXPECT)
    with connection.cursor() as cursor, cursor.copy("COPY pg_temp.expected FROM STDIN") as copy:
        for row in counts:
            copy.write_row(row)
