"""Published rows for the Dagster UI. Published tables hold counts; no learner is in them."""

from datetime import date
from typing import Any

import dagster as dg
from psycopg import Connection, sql
from sqlalchemy import Table

from analytics_pipeline.markdown import markdown_table

PREVIEW_ROWS = 8
TOO_WIDE = frozenset({"id", "computed_at", "run_id", "as_of", "active_ms_hist", "views_by_hour", "evidence"})


def preview(connection: Connection, table: Table, day: date | None = None) -> dg.MarkdownMetadataValue:
    """The first rows of the table by its first columns, or of those of `day`."""
    left_out = TOO_WIDE | ({"day"} if day else set())
    columns = [column.name for column in table.columns if column.name not in left_out]
    query = sql.SQL("SELECT {columns} FROM {table} {where} ORDER BY 1, 2, 3 LIMIT {limit}").format(
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        table=sql.Identifier(str(table.schema), table.name),
        where=sql.SQL("WHERE day = {}").format(day) if day else sql.SQL(""),
        limit=PREVIEW_ROWS,
    )
    rows: list[tuple[Any, ...]] = connection.execute(query).fetchall()
    return dg.MetadataValue.md(markdown_table(columns, rows) if rows else "No rows.")


def rows_per_day(connection: Connection, table: Table, days: list[date]) -> dict[date, int]:
    """How many rows the table holds of each of these days."""
    query = sql.SQL("SELECT day, count(*) FROM {} WHERE day = ANY({}) GROUP BY day").format(
        sql.Identifier(str(table.schema), table.name), days
    )
    return dict.fromkeys(days, 0) | dict(connection.execute(query).fetchall())
