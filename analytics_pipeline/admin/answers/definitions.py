"""The definitions of the published numbers, as they stand at the head of the SQL that computes them."""

from functools import cache

from analytics_pipeline.admin.answers.base import Answer
from analytics_pipeline.metrics.models import COHORT, DAILY, SUMMARIES


class ColumnDefinition(Answer):
    """One column of a published table."""

    name: str
    """Column."""
    meaning: str
    """What it holds."""


class MetricDefinition(Answer):
    """One metric that is read from a published table."""

    name: str
    """Metric."""
    definition: str
    """How it is computed from the table's columns."""


class Definition(Answer):
    """One published table."""

    name: str
    """Table, in schema `analytics`."""
    definition: str
    """What it counts and how."""
    metrics: list[MetricDefinition]
    """The metrics that are read from it."""
    columns: list[ColumnDefinition]
    """Its columns."""


class DefinitionsAnswer(Answer):
    """Every published table."""

    definitions: list[Definition]
    """One per table."""


@cache
def definitions() -> DefinitionsAnswer:
    """The definitions; they change only with a release."""
    return DefinitionsAnswer(
        definitions=[
            Definition(
                name=model.name,
                definition=model.definition,
                metrics=[
                    MetricDefinition(name=name, definition=text) for name, text in model.metrics.items()
                ],
                columns=[
                    ColumnDefinition(name=column.name, meaning=column.comment or "")
                    for column in model.table.columns
                ],
            )
            for model in (*DAILY, *COHORT, *SUMMARIES)
        ]
    )
