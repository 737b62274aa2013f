"""What Prometheus reads: counted per worker process, summed over all of them."""

import os
from collections import Counter as Counts
from collections.abc import Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from analytics_pipeline.ingest.quarantine import QuarantinedEvent
from analytics_pipeline.ingest.submission import Submission

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_COMMIT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The metrics of one process; those of several meet in the folder PROMETHEUS_MULTIPROC_DIR."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._accepted = self._counter("events_accepted", "Events that were stored.")
        self._rejected = self._counter("events_rejected", "Events that were rejected, by reason.", "reason")
        self._not_kept = self._counter(
            "rejections_not_kept",
            "Rejected events that found no room in their key's share of the quarantine.",
        )
        self._requests = self._counter("requests", "Requests for events, by status.", "status")
        self._refused = self._counter("requests_refused", "Requests without a 202, by cause.", "cause")
        self.bytes_in = self._counter("received_bytes", "Bytes of bodies, as they came.")
        commits = self._counter("commits", "Group commits, by outcome.", "outcome")
        self._commits, self._commits_failed = commits.labels("stored"), commits.labels("failed")
        self._commit_seconds = Histogram(
            "analytics_ingest_commit_seconds",
            "Seconds from taking a group of requests to its commit.",
            buckets=_COMMIT_BUCKETS,
            registry=self._registry,
        )
        self._queue_depth = self._gauge("queue_depth", "Requests that wait for the next group commit.")
        self.bytes_held = self._gauge("held_bytes", "Bytes of bodies in memory.")
        self._requests_stored = self._requests.labels("202")

    def committed(self, group: Sequence[Submission], seconds: float, waiting: int) -> None:
        """Count a group commit: once for all its requests, since each count is a write to shared memory."""
        self._commits.inc()
        self._commit_seconds.observe(seconds)
        self._queue_depth.set(waiting)
        self._requests_stored.inc(len(group))
        self._accepted.inc(sum(day.events for submission in group for day in submission.days))
        self.bytes_in.inc(sum(submission.body_bytes for submission in group))
        for submission in group:
            self._count_rejected(submission.quarantine)

    def not_kept(self, rejected: Sequence[QuarantinedEvent]) -> None:
        """Count rejected events that are answered and not kept."""
        self._not_kept.inc(len(rejected))
        self._count_rejected(rejected)

    def commit_failed(self, waiting: int) -> None:
        """Count a group commit that did not succeed."""
        self._commits_failed.inc()
        self._queue_depth.set(waiting)

    def refused(self, status: int, cause: str) -> None:
        """Count a request that was answered with anything else."""
        self._requests.labels(str(int(status))).inc()
        self._refused.labels(cause).inc()

    def exposition(self) -> bytes:
        """All metrics of all worker processes, in Prometheus' text format."""
        folder = os.environ.get(_FOLDER)
        if folder is None:
            return generate_latest(self._registry)
        _forget_ended_processes(Path(folder))
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def _count_rejected(self, rejected: Sequence[QuarantinedEvent]) -> None:
        for reason, events in Counts(row.reason.partition(":")[0] for row in rejected).items():
            self._rejected.labels(reason).inc(events)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"analytics_ingest_{name}", meaning, labels, registry=self._registry)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(
            f"analytics_ingest_{name}", meaning, registry=self._registry, multiprocess_mode="livesum"
        )


def _forget_ended_processes(folder: Path) -> None:
    """Gauges of a worker that was killed would count for ever; its counters rightly do."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid, path=str(folder))  # type: ignore[no-untyped-call]
