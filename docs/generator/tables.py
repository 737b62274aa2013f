"""The tables of the database, from their definitions and comments."""

from itertools import groupby

from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

from analytics_pipeline.database import tables
from analytics_pipeline.markdown import markdown_table
from docs.generator.markdown import page, section


def tables_page() -> str:
    """Every table with its columns, schema by schema."""
    every = sorted(tables.metadata.tables.values(), key=lambda each: (str(each.schema), each.name))
    sections = [_table(each) for _, group in groupby(every, key=lambda each: each.schema) for each in group]
    return page(
        "Tables",
        "Schema `ingest` holds what is not sealed yet, schema `analytics` what people and services read. The "
        "same words stand in the database as comments (`\\d+ analytics.course_daily` in psql). The role "
        "`analytics_admin` may read the published tables.",
        *sections,
    )


def _table(each: Table) -> str:
    key = {column.name for column in each.primary_key}
    rows = [(_name(column, key), f"`{_type(column)}`", column.comment or "") for column in each.columns]
    return section(
        f"`{each.schema}.{each.name}`",
        each.comment or "",
        markdown_table(("Column", "Type", "Meaning"), rows),
    )


def _name(column: Column[object], key: set[str]) -> str:
    return f"**`{column.name}`**" if column.name in key else f"`{column.name}`"


def _type(column: Column[object]) -> str:
    kind = column.type.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]
    return kind.lower() + ("" if column.nullable else " not null")
