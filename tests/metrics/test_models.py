"""Every table equals the oracle, cell by cell, on streams as messy as real ones."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics_pipeline.engine import Engine
from tests.metrics import oracle, oracle_cohorts
from tests.metrics.oracle import Rows, Wire
from tests.metrics.oracle_cohorts import Asked
from tests.metrics.streams import ZONES, streams
from tests.metrics.tables import canonical, modelled

COHORTS = (
    oracle_cohorts.lesson_cohort,
    oracle_cohorts.quiz_cohort,
    oracle_cohorts.course_funnel,
    oracle_cohorts.course_refund,
)


def expected(wire: list[Wire], asked: Asked) -> dict[str, Rows]:
    daily = (oracle.learner_days, oracle.event_day, oracle.lesson_daily, oracle.course_daily)
    return {each.__name__: each(wire, asked.zone) for each in daily} | {
        each.__name__: each(wire, asked) for each in COHORTS
    }


@st.composite
def questions(draw: st.DrawFn) -> tuple[list[Wire], Asked]:
    """A stream, and the day as of which it is looked at: before, within or after its events."""
    zone = draw(st.sampled_from(ZONES))
    wire = draw(streams(zone))
    days = sorted({oracle.understand(event, zone).day for event in wire})
    as_of = draw(st.sampled_from(days)) if days else draw(st.dates())
    return wire, Asked(
        zone=zone,
        as_of_day=as_of + timedelta(days=draw(st.sampled_from((0, 0, 1, 6, 7, 8, 90)))),
        quiet_days=draw(st.sampled_from((1, 7))),
        window_days=draw(st.sampled_from((1, 8, 90))),
        refund_days=draw(st.sampled_from((1, 8, 30))),
        windows=draw(st.sampled_from((None, {"c1": 2}))),
        required=draw(st.sampled_from((None, {"c1": (1,)}, {"c1": (0, 1, 3), "c2": (1,)}))),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(question=questions())
def test_every_cell_of_every_table_is_what_the_oracle_counts(
    engine: Engine, question: tuple[list[Wire], Asked]
) -> None:
    wire, asked = question
    tables, wanted = modelled(engine, wire, asked), expected(wire, asked)
    assert tables.keys() == wanted.keys()
    for name, rows in wanted.items():
        assert canonical(tables[name]) == canonical(rows), name


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(question=questions(), days_before=st.integers(0, 12))
def test_a_history_of_many_as_of_days_gives_on_each_what_the_oracle_counts(
    engine: Engine, question: tuple[list[Wire], Asked], days_before: int
) -> None:
    wire, asked = question
    tables = modelled(engine, wire, asked, folded_at=asked.as_of_day - timedelta(days=days_before))
    for cohort in COHORTS:
        assert canonical(tables[cohort.__name__]) == canonical(cohort(wire, asked)), cohort.__name__
