"""Which published numbers changed after they should have stood still, and what they were before.

Everything is computed by the database from the old rows and from the temporary table `new_<table>`; the
statement is put together from the table's columns, so that a new metric is compared from its first day on.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from psycopg import Connection, sql
from sqlalchemy import Table

from analytics_pipeline.database.new_rows import key_columns, new_table, number_columns, published_table

FIND_COMPLETE_DAYS = """
    SELECT coalesce(array_agg(l.day), '{}')
    FROM analytics.lake_day l CROSS JOIN analytics.site s
    WHERE l.day = ANY(%(days)s) AND l.published_version IS NOT NULL
      AND l.reconciled_at >= (l.day + 1)::timestamp AT TIME ZONE s.timezone
"""

# Rows are joined by their keys as jsonb: a key may hold nulls, and `IS NOT DISTINCT FROM` cannot be hashed.
RECORD_REVISIONS = sql.SQL("""
    WITH old_row AS (SELECT {key} AS row_key, t.* FROM {table} t WHERE {old_counts}),
         new_row AS (SELECT {key} AS row_key, t.* FROM {new} t WHERE {new_counts}),
         moved AS (
             SELECT coalesce(o.row_key, n.row_key) AS row_key, {old_columns}, {new_columns}
             FROM old_row o FULL JOIN new_row n ON o.row_key = n.row_key
             WHERE ROW({old_values}) IS DISTINCT FROM ROW({new_values})
         )
    INSERT INTO analytics.metric_revision
        (table_name, key, metric, old_value, new_value, cause, changed_at, run_id)
    SELECT {name}, moved.row_key, change.metric, change.old_value, change.new_value,
           %(cause)s, now(), %(run_id)s
    FROM moved CROSS JOIN LATERAL (VALUES {changes}) AS change (metric, old_value, new_value)
    WHERE change.old_value IS DISTINCT FROM change.new_value
""")

# A row that did not move since then holds as of the last publication, unless its course was set aside.
HOLDS_AS_OF = "CASE WHEN course_id = ANY(%(stale)s) THEN as_of ELSE coalesce(%(standing_as_of)s, as_of) END"
OLD_OF_SAME_AS_OF = sql.SQL(f"{{moved}} AND {HOLDS_AS_OF} IN (SELECT as_of FROM {{new}})")  # noqa: S608  # ours
NEW_OF_SAME_AS_OF = sql.SQL(
    f"{{moved}} AND (t.course_id, t.as_of) IN (SELECT course_id, {HOLDS_AS_OF} FROM {{table}})"  # noqa: S608  # ours
)


def record_day_revisions(
    connection: Connection, table: Table, days: Sequence[date], *, cause: str, run_id: str
) -> int:
    """Record how the new rows differ from the published ones on days that were complete when last published.

    Returns the number of revisions. A day that was published while it went on changes without one.
    """
    row = connection.execute(FIND_COMPLETE_DAYS, {"days": list(days)}).fetchone()
    complete = list(row[0]) if row else []
    if not complete:
        return 0
    counts = sql.SQL("t.day = ANY(%(complete)s)")
    return _record(
        connection, table, counts, counts, {"complete": complete, "cause": cause, "run_id": run_id}
    )


def record_cohort_revisions(
    connection: Connection,
    table: Table,
    moved: sql.Composable,
    *,
    standing_as_of: datetime | None,
    stale: Sequence[str],
    cause: str,
    run_id: str,
) -> int:
    """Record how the new rows of the cohorts that moved differ from the published ones of the same as-of.

    `moved` is the condition on a row that its cohort did. Returns the number of revisions. Where as-of moved
    on, numbers move by definition, without one. Published rows hold as of `standing_as_of` (None: as each
    says), but those of `stale` courses as each says.
    """
    if not stale and standing_as_of is not None and not _is_of(connection, table, standing_as_of):
        return 0
    names = {"table": published_table(table), "new": new_table(table), "moved": moved}
    parameters: dict[str, object] = {
        "standing_as_of": standing_as_of,
        "stale": list(stale),
        "cause": cause,
        "run_id": run_id,
    }
    old_counts, new_counts = (each.format(**names) for each in (OLD_OF_SAME_AS_OF, NEW_OF_SAME_AS_OF))
    return _record(connection, table, old_counts, new_counts, parameters)


def _is_of(connection: Connection, table: Table, as_of: datetime) -> bool:
    query = sql.SQL("SELECT FROM {} WHERE as_of = %s LIMIT 1").format(new_table(table))
    return connection.execute(query, [as_of]).rowcount > 0


def _record(
    connection: Connection,
    table: Table,
    old_counts: sql.Composable,
    new_counts: sql.Composable,
    parameters: dict[str, object],
) -> int:
    keys = key_columns(table)
    metrics = number_columns(table)
    pairs = [(sql.Literal(key), sql.Identifier("t", key)) for key in keys]
    query = RECORD_REVISIONS.format(
        key=sql.SQL("jsonb_build_object({})").format(_list(part for pair in pairs for part in pair)),
        table=published_table(table),
        new=new_table(table),
        old_counts=old_counts,
        new_counts=new_counts,
        old_columns=_list(_renamed("o", metric, f"old_{metric}") for metric in metrics),
        new_columns=_list(_renamed("n", metric, f"new_{metric}") for metric in metrics),
        old_values=_list(sql.Identifier("o", metric) for metric in metrics),
        new_values=_list(sql.Identifier("n", metric) for metric in metrics),
        name=sql.Literal(table.name),
        changes=_list(_change(metric) for metric in metrics),
    )
    return connection.execute(query, parameters).rowcount


def _renamed(row: str, column: str, name: str) -> sql.Composed:
    return sql.SQL("{} AS {}").format(sql.Identifier(row, column), sql.Identifier(name))


def _change(metric: str) -> sql.Composed:
    return sql.SQL("({}, {}::text, {}::text)").format(
        sql.Literal(metric),
        sql.Identifier("moved", f"old_{metric}"),
        sql.Identifier("moved", f"new_{metric}"),
    )


def _list(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)
