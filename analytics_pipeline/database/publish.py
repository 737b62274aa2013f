"""Replacing published rows: checked, in one transaction, with a record of every number that changed.

Readers see the old or the new numbers, never a mixture; a run that lost its turn changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from psycopg import Connection, sql
from psycopg.pq import TransactionStatus
from sqlalchemy import Table

from analytics_pipeline.database.checks import Check, CheckFailedError, CheckResult, evaluate
from analytics_pipeline.database.cohort_scope import (
    CohortScope,
    first_moved_day,
    in_moved,
    narrow_to_moved,
    open_cohorts,
    set_courses_aside,
)
from analytics_pipeline.database.new_rows import (
    NewRows,
    column_list,
    load,
    new_table,
    published_table,
)
from analytics_pipeline.database.revisions import record_cohort_revisions, record_day_revisions
from analytics_pipeline.database.standing_rows import add_standing_rows
from analytics_pipeline.database.turn import Turn


@dataclass(frozen=True)
class DayScope:
    """All rows of these days are replaced."""

    days: Sequence[date]


Scope = DayScope | CohortScope


@dataclass(frozen=True)
class Published:
    """What a publication did: rows per table, numbers that changed, and what its checks found.

    The courses that were set aside broke a check, and keep their old rows. `moved_since` is the first cohort
    day of which rows were replaced; None where none were.
    """

    rows: dict[str, int]
    revisions: int
    checks: list[CheckResult]
    set_aside: list[str] = field(default_factory=list)
    moved_since: date | None = None


def publish(
    connection: Connection,
    *,
    turn: Turn,
    scope: Scope,
    new_rows: Sequence[NewRows],
    checks: Sequence[Check],
    cause: str,
    after: Callable[[Connection, Published], object] = lambda *_: None,
) -> Published:
    """Replace the rows of `scope` in every table of `new_rows`, in one transaction; idempotent.

    Of cohorts, only those are replaced of which any number differs: the others keep run and as-of. `cause`
    is kept with every number that changed. `after` runs last in the same transaction. Raises TurnLostError
    and CheckFailedError; whatever is raised, nothing has changed. The connection must have no transaction
    open.
    """
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        raise RuntimeError("A publication is a transaction of its own; end the one that is open.")
    with connection.transaction():
        turn.check(connection)
        for rows in new_rows:
            load(connection, rows)
            if isinstance(scope, CohortScope):
                open_cohorts(connection, rows.table, scope, rows.cohorts)
                if rows.are_changes:
                    add_standing_rows(connection, rows.table, scope)
            _refuse_rows_outside(connection, rows.table, scope)
        results = [evaluate(connection, check) for check in checks]
        set_aside = _set_aside(connection, scope, new_rows, results)
        moved_since = _narrow(connection, scope, new_rows)
        revisions = sum(_record(connection, rows.table, scope, cause, turn.run_id) for rows in new_rows)
        counts = {rows.table.name: _replace(connection, rows.table, scope, turn.run_id) for rows in new_rows}
        published = Published(counts, revisions, results, set_aside, moved_since)
        after(connection, published)
    return published


def _refuse_rows_outside(connection: Connection, table: Table, scope: Scope) -> None:
    """A new row outside the scope would stand beside an old one that nobody replaces."""
    condition, parameters = _condition(table, scope)
    query = sql.SQL("SELECT count(*) FROM {} WHERE ({}) IS NOT TRUE").format(new_table(table), condition)
    row = connection.execute(query, parameters).fetchone()
    if row is None or row[0] > 0:
        raise ValueError(f"New rows of {table.fullname} lie outside of what is replaced: {scope}.")


def _set_aside(
    connection: Connection, scope: Scope, new_rows: Sequence[NewRows], results: Sequence[CheckResult]
) -> list[str]:
    """Leave out the courses that broke a check; CheckFailedError where nothing is left of all cohorts."""
    broken = [result for result in results if not result.passed]
    if not broken:
        return []
    if not isinstance(scope, CohortScope) or not all(result.courses for result in broken):
        raise CheckFailedError(results)
    courses = sorted({course for result in results for course in result.courses})
    left = sum(set_courses_aside(connection, rows.table, courses) for rows in new_rows)
    if not left and all(rows.cohorts is None for rows in new_rows):
        raise CheckFailedError(results)
    return courses


def _narrow(connection: Connection, scope: Scope, new_rows: Sequence[NewRows]) -> date | None:
    if isinstance(scope, DayScope):
        return None
    for rows in new_rows:
        # What has changed was found before it was loaded, save in courses of which nothing stood.
        if not rows.are_changes or scope.stale:
            narrow_to_moved(connection, rows.table)
    days = (first_moved_day(connection, rows.table) for rows in new_rows)
    return min((day for day in days if day is not None), default=None)


def _record(connection: Connection, table: Table, scope: Scope, cause: str, run_id: str) -> int:
    if isinstance(scope, DayScope):
        return record_day_revisions(connection, table, scope.days, cause=cause, run_id=run_id)
    return record_cohort_revisions(
        connection,
        table,
        in_moved(table),
        standing_as_of=scope.standing_as_of,
        stale=scope.stale,
        cause=cause,
        run_id=run_id,
    )


def _replace(connection: Connection, table: Table, scope: Scope, run_id: str) -> int:
    """Returns how many rows the days have, or the whole table where it is replaced by cohorts."""
    condition, parameters = _condition(table, scope)
    connection.execute(
        sql.SQL("DELETE FROM {} WHERE {}").format(published_table(table), condition), parameters
    )
    columns = column_list(table)
    insert = sql.SQL(
        "INSERT INTO {} ({}, computed_at, run_id) SELECT {}, now(), %(run_id)s FROM {} WHERE {}"
        # Who reads one course would else read a page of the disk for every row of it.
        ' ORDER BY course_id COLLATE "C"'
    ).format(published_table(table), columns, columns, new_table(table), condition)
    connection.execute(insert, {**parameters, "run_id": run_id})
    counted = new_table(table) if isinstance(scope, DayScope) else published_table(table)
    count = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(counted)).fetchone()
    return int(count[0]) if count else 0


def _condition(table: Table, scope: Scope) -> tuple[sql.Composable, dict[str, object]]:
    if isinstance(scope, DayScope):
        return sql.SQL("day = ANY(%(days)s)"), {"days": list(scope.days)}
    return in_moved(table), {}
