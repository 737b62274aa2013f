"""How the partitioned assets record their days: the good ones one by one, the bad ones by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import dagster as dg

from analytics_pipeline.days import day_end, day_start
from analytics_pipeline.markdown import markdown_table
from analytics_pipeline.settings import Settings

NO_EVENT = "__source_asset_observation__"
"""Dagster stores no event for an output with this key in its metadata.

A range is one run, and Dagster would record all of its days as materialized, the bad ones as well
(dagster-io/dagster#17836). With it, the output lets downstream assets run, and we record the good days.
"""

NAMED_DAYS = 10
"""Failed days that the error names with their reasons; all of them are in its metadata."""

Metadata = dict[str, int | float | str | dg.MetadataValue]


@dataclass(frozen=True)
class DayOutcomes:
    """What an asset made of its days: metadata of the good ones, the reason of each bad one.

    A day that an asset before it failed on is in neither.
    """

    done: Mapping[date, Metadata]
    failures: Mapping[date, str]


def site_days(settings: Settings) -> dg.DailyPartitionsDefinition:
    """The days of the site, from the first to today; today is there early, and provisional."""
    return dg.DailyPartitionsDefinition(
        start_date=settings.first_day.isoformat(), timezone=settings.timezone, end_offset=1
    )


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """The days that this run is to materialize, oldest first."""
    return [date.fromisoformat(key) for key in context.partition_keys]


def window(day: date, settings: Settings) -> str:
    """The half-open window of instants that the day stands for, as the site's clocks show them."""
    instants = (day_start(day, settings.zone), day_end(day, settings.zone))
    shown = (instant.astimezone(settings.zone) for instant in instants)
    return " to ".join(instant.isoformat(timespec="minutes") for instant in shown)


def record(context: dg.AssetExecutionContext, key: str, outcomes: DayOutcomes) -> Iterator[object]:
    """What to yield for the asset `key`: one materialization for each good day."""
    if len(outcomes.done) == len(context.partition_keys):
        for day, metadata in outcomes.done.items():
            context.add_asset_metadata(metadata, asset_key=key, partition_key=day.isoformat())
        yield dg.MaterializeResult(asset_key=key)
        return
    for day, metadata in outcomes.done.items():
        yield dg.AssetMaterialization(key, partition=day.isoformat(), metadata=metadata)
    yield dg.MaterializeResult(asset_key=key, metadata={NO_EVENT: True})


def fail_for(failures: Mapping[date, str], asked: int) -> None:
    """Fail the step when days failed, with a sentence that names them; to be called after `record`."""
    if failures:
        raise dg.Failure(
            description=describe_failures(failures, asked),
            metadata={
                "failed days": dg.MetadataValue.md(
                    markdown_table(["day", "reason"], [(day, failures[day]) for day in sorted(failures)])
                )
            },
            allow_retries=False,
        )


def describe_failures(failures: Mapping[date, str], asked: int) -> str:
    """How many of the days failed, and the first of them with their reasons, in one paragraph."""
    days = sorted(failures)
    named = "; ".join(_name(day, failures[day].rstrip(".")) for day in days[:NAMED_DAYS])
    more = f"; and {len(days) - NAMED_DAYS} more" if len(days) > NAMED_DAYS else ""
    good = asked - len(days)
    rest = "" if asked == 1 else f" (the other {good} went through)" if good else ""
    return f"{len(days)} of {asked} {'day' if asked == 1 else 'days'} failed{rest}: {named}{more}."


def _name(day: date, reason: str) -> str:
    return reason if reason.startswith(str(day)) else f"{day}: {reason}"
