"""However deliveries are spread over seals, the same events stand as if each were judged on its arrival."""

import shutil
from collections import Counter
from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics_pipeline.lake.seal import seal_days
from analytics_pipeline.run import PipelineRun
from tests.conftest import Database
from tests.lake.deliveries import FIRST, Delivery, Oracle, clear, deliver, lake_rows

DAYS = 6
deliveries = st.builds(
    Delivery,
    id=st.sampled_from(["a", "b", "c"]),
    day=st.integers(0, DAYS - 1),
    learner=st.sampled_from(["learner-1", "learner-1", None]),
    metadata=st.sampled_from(["{}", '{"a":1,"b":2}', '{"b":2,"a":1}']),
)
# A corrected clock: created at the last second of a day, delivered as occurred on this one or the next.
midnight = st.builds(
    lambda day, late: Delivery("m", day + late, 0 if late else 86_399, skew=1_000_000 if late else 0),
    st.integers(0, DAYS - 2),
    st.booleans(),
)
batches = st.lists(deliveries | midnight, min_size=1, max_size=6)
seals = st.sets(st.integers(0, DAYS - 1), min_size=1, max_size=3)


@settings(
    max_examples=60,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(batches | seals, min_size=1, max_size=12), last=st.permutations(range(DAYS)))
def test_the_same_events_stand_wherever_and_in_whatever_order_days_are_sealed(
    run: PipelineRun, database: Database, steps: list[list[Delivery] | set[int]], last: list[int]
) -> None:
    zone = database.settings.zone
    oracle = Oracle()
    clear(database)
    shutil.rmtree(run.lake.root, ignore_errors=True)
    with database.connect("ingest") as ingest:
        for number, step in enumerate(steps):
            if isinstance(step, set):
                seal(run, step)
                continue
            batch = arrival_order([event_at(delivery, number) for delivery in step])
            deliver(ingest, batch, zone)
            for delivery in batch:
                oracle.take(delivery)
    for day in last:
        seal(run, {day})
    assert lake_rows(run, [FIRST + timedelta(days=day) for day in range(DAYS)]) == oracle.rows(zone)
    assert duplicates(run) == oracle.duplicates
    assert quarantined(run) == oracle.conflicting()


def event_at(delivery: Delivery, received: int) -> Delivery:
    return Delivery(**{**vars(delivery), "received": received})


def arrival_order(batch: list[Delivery]) -> list[Delivery]:
    """Within one batch, days come in order; within a day, the order of the batch."""
    return sorted(batch, key=lambda delivery: delivery.day)


def seal(run: PipelineRun, days: set[int]) -> None:
    result = seal_days(run, [FIRST + timedelta(days=day) for day in days], lambda _: None)
    assert not result.failures


def duplicates(run: PipelineRun) -> Counter[int]:
    rows = run.connection.execute("SELECT day, duplicates FROM analytics.duplicate_count").fetchall()
    counts: Counter[int] = Counter()
    for day, number in rows:
        counts[(day - FIRST).days] += number
    return counts


def quarantined(run: PipelineRun) -> set[bytes]:
    return {body for (body,) in run.connection.execute("SELECT body FROM ingest.quarantine")}
