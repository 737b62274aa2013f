"""Evaluating the rules: once per as-of day, in order, also when several nights are caught up."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from analytics_pipeline.days import DayRange, day_of
from analytics_pipeline.lake.catalogue import as_of_day, first_day
from analytics_pipeline.metrics.cohort_inputs import windows_by_course
from analytics_pipeline.metrics.cohorts import stands_published
from analytics_pipeline.metrics.history import TablesAsOf, cohort_history
from analytics_pipeline.run import PipelineRun
from analytics_pipeline.settings import Settings
from analytics_pipeline.signals.findings import find
from analytics_pipeline.signals.life import Finding, advance
from analytics_pipeline.signals.published import published_tables
from analytics_pipeline.signals.silence import DAYS_JUDGED
from analytics_pipeline.signals.store import last_evaluated, lesson_days, open_signals, write_changes

MOST_DAYS = 92
"""How many as-of days are caught up; older ones are passed over, since nobody acts on them any more."""


@dataclass(frozen=True)
class SignalEvaluation:
    """What evaluating one as-of day did."""

    as_of: date
    assessed: int
    opened: int
    kept: int
    resolved: int


def evaluate_signals(
    run: PipelineRun, report: Callable[[str], None] = lambda _: None
) -> list[SignalEvaluation]:
    """Evaluate the rules for every as-of day that was not evaluated before, oldest first; idempotent.

    Each day is judged by the cohort tables as they are on that day, so that catching up gives the signals
    that single nights would have given. A day is one transaction, and checks the turn.
    """
    as_of = as_of_day(run.connection, day_of(datetime.now(UTC), run.settings.zone))
    return [] if as_of is None else evaluate_signals_to(run, as_of, report)


def evaluate_signals_to(
    run: PipelineRun, as_of: date, report: Callable[[str], None] = lambda _: None
) -> list[SignalEvaluation]:
    """Evaluate the days up to this as-of day that were not evaluated before."""
    pending = pending_days(first_day(run.connection), last_evaluated(run.connection), as_of)
    if not pending:
        return []
    evaluations = []
    settings = run.settings.model_copy(update={"funnel_windows": windows_by_course(run)})
    daily = lesson_days(run.connection, pending[0] - _days_of_views(settings), pending[0], as_of)
    with _tables(run, settings, pending) as tables_as_of:
        for number, day in enumerate(pending, start=1):
            tables = {**tables_as_of(day), "lesson_daily": daily}
            evaluations.append(_evaluate(run, day, find(tables, settings, day)))
            report(f"Evaluated the rules as of {day} ({number} of {len(pending)} days).")
    return evaluations


@contextmanager
def _tables(run: PipelineRun, settings: Settings, pending: Sequence[date]) -> Iterator[TablesAsOf]:
    """The cohort tables as of each of these days: where it is one night, what it has published."""
    if len(pending) == 1 and stands_published(run, pending[0]):
        yield lambda day: published_tables(run.connection, settings, day)
    else:
        with cohort_history(run, pending[0], pending[-1]) as tables_as_of:
            yield tables_as_of


def pending_days(first: date | None, evaluated: date | None, as_of: date) -> list[date]:
    """The as-of days to evaluate, oldest first: after the last one evaluated, and not too many."""
    starts = [as_of - timedelta(days=MOST_DAYS - 1)]
    if first is not None:
        starts.append(first)
    if evaluated is not None:
        starts.append(evaluated + timedelta(days=1))
    start = max(starts)
    return list(DayRange(start, as_of)) if start <= as_of else []


def _days_of_views(settings: Settings) -> timedelta:
    """How far back `silent_emitter` looks, in the course in which it looks furthest."""
    own = [override.window_days or 0 for override in settings.signal_overrides.values()]
    return timedelta(days=DAYS_JUDGED + max([settings.signal_window_days, *own]))


def _evaluate(run: PipelineRun, as_of: date, findings: list[Finding]) -> SignalEvaluation:
    with run.connection.transaction():
        run.turn.check(run.connection)
        changes = advance(open_signals(run.connection), findings, as_of)
        write_changes(run.connection, changes, as_of=as_of, assessed=len(findings), run_id=run.run_id)
    return SignalEvaluation(
        as_of, len(findings), len(changes.opened), len(changes.kept), len(changes.resolved)
    )
