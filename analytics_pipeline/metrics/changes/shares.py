"""How the numbers of a table differ from those that stand, by what single learners and orders did.

Each learner has a share of their own in the numbers of one cohort, in which no other learner has a part, and
so has each order. Of those whose share may have changed, what it was as of the last publication is taken off,
and what it is now is added: so a night costs what its learners did, not what the cohorts are that they belong
to. Both are the table's own model, over those learners or orders alone. Lest a number that was wrong once
stays wrong, checks hold all that stands of a course against how many learners and orders it has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from duckdb import DuckDBPyConnection
from psycopg import Connection

from analytics_pipeline.database.new_rows import NewRows, added_columns, agreed_columns, published_columns
from analytics_pipeline.engine import Parameters, copy_to_csv, create_table, frame_in, quoted
from analytics_pipeline.metrics.changes.expected import Expected, count_expected
from analytics_pipeline.metrics.changes.sql import read_step
from analytics_pipeline.metrics.cohort_inputs import Cohort
from analytics_pipeline.metrics.models import Model, model, read_sql

_ROWS_OF = {"lesson_cohort": "lesson_rows", "course_funnel": "funnel_rows", "course_refund": "refund_rows"}
"""The tables of which changes are counted, each with what gives its model learner days of those met."""

_THEN = {
    "met": "SELECT * FROM met_entries ANTI JOIN stale_courses USING (course_id)",
    "orders_met": "SELECT * FROM met_orders ANTI JOIN stale_courses USING (course_id)",
}
_NOW = {
    "met": "SELECT * FROM known_entries",
    "orders_met": """
        SELECT * FROM met_orders ANTI JOIN new_orders USING (day) UNION ALL SELECT * FROM new_orders
    """,
}
_OF_CHANGES = "SELECT DISTINCT course_id, cohort_day FROM {}"
_COHORTS = {"course_refund": read_step("refund_cohorts")}
"""What tells which cohorts of a table changed, where its numbers do not tell of all."""

_STALE = """
    SELECT DISTINCT course_id, cohort_day FROM analytics.{table}
     WHERE course_id = ANY(%(courses)s) AND cohort_day >= %(kept_since)s
"""

# Those of the days of changed cohorts of course_refund, whose changes the session keeps by then.
_UNKNOWN_REFUNDS = f"""
    WITH learner_days AS ({read_step("unknown_rows")})
    SELECT * FROM ({read_sql("unknown_refund")})
"""  # noqa: S608  # models of ours


@dataclass(frozen=True)
class Counted:
    """The new rows of tables, and what the publication's checks hold them against.

    `unknown_refunds` are those of the cohorts of `course_refund`. `expected` is empty where every cohort is
    counted anew: then nothing stands beside the new rows.
    """

    rows: Mapping[str, NewRows]
    unknown_refunds: pd.DataFrame
    expected: Sequence[Expected] = ()


def count_changes(
    connection: Connection,
    duck: DuckDBPyConnection,
    stale: Sequence[str],
    parameters: Parameters,
    folder: Path,
) -> Counted:
    """What is to be added to the rows that stand, in files of `folder`.

    The session knows `met_entries` and `met_orders` as of `$last_as_of`, `known_entries` and `new_orders` as
    of `$as_of`. Of the `stale` courses, its `stale_courses`, no row stands: all that they have is added.
    """
    shares = _Shares(connection, duck, stale, parameters, folder)
    rows = {table: shares.changes_of(table) for table in _ROWS_OF}
    return Counted(rows, frame_in(duck, _UNKNOWN_REFUNDS, parameters), count_expected(duck, parameters))


@dataclass(frozen=True)
class _Shares:
    connection: Connection
    duck: DuckDBPyConnection
    stale: Sequence[str]
    parameters: Parameters
    folder: Path

    def changes_of(self, table: str) -> NewRows:
        """What changed in this table, which the session keeps as `<table>_changes`, of `<table>_cohorts`."""
        counted, rows = model(table), read_step(_ROWS_OF[table])
        now, then, changes, moved = (f"{table}_{name}" for name in ("now", "then", "changes", "cohorts"))
        as_of_then = {**self.parameters, "as_of": self.parameters["last_as_of"]}
        create_table(self.duck, now, _shares(counted, rows, _NOW), self.parameters)
        create_table(self.duck, then, _shares(counted, rows, _THEN), as_of_then)
        create_table(self.duck, changes, _difference(counted, now, then), self.parameters)
        create_table(self.duck, moved, _COHORTS.get(table, _OF_CHANGES.format(changes)), self.parameters)
        path = self.folder / f"{table}.csv"
        copy_to_csv(self.duck, f"FROM {changes}", {}, path)
        cohorts = {*self.duck.sql(f"FROM {moved}").fetchall(), *self._stale_cohorts(table)}
        return NewRows(counted.table, path, sorted(cohorts), are_changes=True)

    def _stale_cohorts(self, table: str) -> list[Cohort]:
        if not self.stale:
            return []
        query = _STALE.format(table=table).encode()
        return self.connection.execute(query, {**self.parameters, "courses": list(self.stale)}).fetchall()


def _shares(counted: Model, rows: str, told: dict[str, str]) -> str:
    """The model's rows of those alone whom `rows` are of."""
    relations = ", ".join(f"{name} AS ({sql})" for name, sql in {**told, "learner_days": rows}.items())
    return f"WITH {relations} SELECT * FROM ({counted.sql}) AS counted WHERE cohort_day >= $kept_since"  # noqa: S608  # models of ours


def _difference(counted: Model, now: str, then: str) -> str:
    """Each row with what its numbers grew by; one that stays as it is, is none."""
    agreed = ", ".join(map(quoted, agreed_columns(counted.table)))
    numbers = [quoted(name) for name in added_columns(counted.table)]
    taken_off = ", ".join(f"-{name} AS {name}" for name in numbers)
    summed = {name: f"sum({name}) AS {name}" for name in numbers} | {'"as_of"': "$as_of AS as_of"}
    columns = [summed.get(name, name) for name in map(quoted, published_columns(counted.table))]
    return f"""
        SELECT {", ".join(columns)}
          FROM (FROM {now} UNION ALL BY NAME SELECT {agreed}, {taken_off} FROM {then})
         GROUP BY {agreed}
        HAVING {" OR ".join(f"sum({name}) <> 0" for name in numbers)}
    """  # noqa: S608  # columns of ours
