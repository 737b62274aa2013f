"""`analytics metrics`."""

from typing import Annotated

import typer

from analytics_pipeline.cli.errors import CommandError
from analytics_pipeline.console import say
from analytics_pipeline.metrics.models import COHORT, DAILY, SUMMARIES

MODELS = (*DAILY, *COHORT, *SUMMARIES)


def metrics(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A table or a metric, such as lesson_cohort or drop-off."),
    ] = None,
) -> None:
    """Print what every number means: the text that the API serves and that stands beside charts."""
    texts = [text for text in definitions() if name is None or name in text]
    if not texts:
        known = [model.name for model in MODELS] + [metric for model in MODELS for metric in model.metrics]
        raise CommandError(f"There is no table or metric {name}; there are {', '.join(known)}.")
    say("\n\n".join(text[name] if name is not None else next(iter(text.values())) for text in texts))


def definitions() -> list[dict[str, str]]:
    """For each table, in the order in which a night publishes them: its text, and that of each metric."""
    return [
        {model.name: f"{model.name}\n\n{model.definition}"}
        | {metric: f"{metric} ({model.name})\n\n{text}" for metric, text in model.metrics.items()}
        for model in MODELS
    ]
