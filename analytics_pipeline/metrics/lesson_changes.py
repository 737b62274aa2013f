"""How the numbers of `lesson_cohort` differ from those that stand, by what single learners did.

Each learner has a share of their own in the numbers of one cohort, in which no other learner has a part. Of
those whose share may have changed, what it was as of the last publication is taken off, and what it is now is
added: so a night costs what its learners did, not what the cohorts are that they belong to. Lest a number
that was wrong once stays wrong, a check holds all that stands of a course against how many learners it has.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from duckdb import DuckDBPyConnection
from psycopg import Connection

from analytics_pipeline.database.new_rows import NewRows, key_columns, number_columns
from analytics_pipeline.engine import Parameters, copy_to_csv, create_table, quoted
from analytics_pipeline.metrics.models import model, read_sql

LESSONS = model("lesson_cohort")

_THEN = "SELECT * FROM met_entries ANTI JOIN stale_courses USING (course_id)"
_NOW = """
    SELECT * FROM known_entries ANTI JOIN stale_courses USING (course_id)
    UNION ALL
    SELECT * FROM entries SEMI JOIN stale_courses USING (course_id)
"""
_COHORTS = "SELECT DISTINCT course_id, cohort_day FROM lesson_changes"
_LEARNERS = """
    SELECT course_id, count(*), CAST($kept_since AS DATE)
      FROM entries
     WHERE lesson_day >= $kept_since
     GROUP BY course_id
"""
_EXPECT = """
    CREATE TEMPORARY TABLE IF NOT EXISTS lesson_learner (course_id text, learners bigint, kept_since date);
    TRUNCATE pg_temp.lesson_learner
"""
_STALE = """
    SELECT DISTINCT course_id, cohort_day FROM analytics.lesson_cohort
     WHERE course_id = ANY(%(courses)s) AND cohort_day >= %(kept_since)s
"""


def find_lesson_changes(
    connection: Connection,
    duck: DuckDBPyConnection,
    stale: Sequence[str],
    parameters: Parameters,
    folder: Path,
) -> NewRows:
    """What is to be added to the rows that stand, in a file of the folder.

    The session knows `met_entries` as of `$last_as_of`, and `known_entries` and `entries` as of `$as_of`. Of
    the `stale` courses, its `stale_courses`, no row stands: all of their learners are added.
    """
    create_table(duck, "shares", _shares(_NOW), parameters)
    create_table(duck, "shares_then", _shares(_THEN), {**parameters, "as_of": parameters["last_as_of"]})
    create_table(duck, "lesson_changes", _changes(), parameters)
    path = folder / f"{LESSONS.name}.csv"
    copy_to_csv(duck, "FROM lesson_changes", {}, path)
    expect_learners(connection, duck.execute(_LEARNERS, {"kept_since": parameters["kept_since"]}).fetchall())
    cohorts = set(duck.execute(_COHORTS).fetchall())
    if stale:
        cohorts.update(connection.execute(_STALE, {**parameters, "courses": list(stale)}).fetchall())
    return NewRows(LESSONS.table, path, sorted(cohorts), are_changes=True)


def expect_learners(connection: Connection, learners: Iterable[tuple[str, int, date]] = ()) -> None:
    """Tell the publication's check how many learners each course has, of cohort days since when."""
    connection.execute(_EXPECT)
    with connection.cursor() as cursor, cursor.copy("COPY pg_temp.lesson_learner FROM STDIN") as copy:
        for row in learners:
            copy.write_row(row)


def _shares(entries: str) -> str:
    """The model's rows of these learners alone."""
    return f"""
        WITH met AS ({entries}),
        learner_days AS ({read_sql("lesson_days")})
        SELECT * FROM ({LESSONS.sql}) AS counted WHERE cohort_day >= $kept_since
    """  # noqa: S608  # models of ours


def _changes() -> str:
    """Each row with what its numbers grew by; one that stays as it is, is none."""
    key, numbers = (
        [quoted(name) for name in columns_of(LESSONS.table)] for columns_of in (key_columns, number_columns)
    )
    return f"""
        SELECT {", ".join(key)}, {", ".join(f"sum({name}) AS {name}" for name in numbers)}, $as_of AS as_of
          FROM (FROM shares UNION ALL BY NAME
                SELECT {", ".join(key)}, {", ".join(f"-{name} AS {name}" for name in numbers)}
                  FROM shares_then)
         GROUP BY {", ".join(key)}
        HAVING {" OR ".join(f"sum({name}) <> 0" for name in numbers)}
    """  # noqa: S608  # columns of ours
