"""The SQL models of the published tables, each with its definition and the table that it fills."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sqlalchemy import Table

from analytics_pipeline.database import tables


@dataclass(frozen=True)
class Model:
    """One published table's SELECT. `definition` is its head comment, as people read it."""

    name: str
    sql: str
    table: Table

    @property
    def definition(self) -> str:
        """The text of the head comment, without its comment signs; its last part defines the metrics."""
        return definition_of(self.sql)

    @property
    def metrics(self) -> dict[str, str]:
        """The definition of each metric that is read from the table, by its name."""
        return metrics_of(self.definition)


def read_sql(name: str) -> str:
    """The SQL of the model `name`."""
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


def definition_of(sql: str) -> str:
    """The head comment of a model: the lines before its first line of SQL."""
    lines = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return "\n".join(lines).strip()


def metrics_of(definition: str) -> dict[str, str]:
    """Name and definition of each metric in the part of a definition that begins with the line `Metrics`.

    Each begins with `name = `; a line without a name goes on with the one before.
    """
    _, _, part = definition.partition("\nMetrics\n")
    metrics: dict[str, str] = {}
    for line in part.splitlines():
        name, sign, text = line.partition(" = ")
        if sign:
            metrics[name] = text
        else:
            last = next(reversed(metrics))
            metrics[last] = f"{metrics[last]} {line}"
    return metrics


@cache
def model(name: str) -> Model:
    """The model that fills `analytics.<name>`."""
    return Model(name, read_sql(name), tables.metadata.tables[f"analytics.{name}"])


LEARNER_DAYS = read_sql("learner_days")
"""The SELECT that makes learner days of events; it fills no table of the database."""

DAILY = tuple(model(name) for name in ("event_day", "lesson_daily", "course_daily"))
"""Published per day."""

COHORT = tuple(model(name) for name in ("lesson_cohort", "quiz_cohort", "course_funnel", "course_refund"))
"""Published as of a day, from all learner days up to it."""

SUMMARIES = tuple(
    model(name) for name in ("site_day", "lesson_week", "course_week", "course_to_date", "course_window")
)
"""Sums of the tables above, made by the database itself in the transactions that publish those."""
