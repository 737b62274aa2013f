"""The life of signals: what opens, goes on and resolves when findings meet open signals. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Subject(NamedTuple):
    """What a signal is about. Of one subject at most one signal is open."""

    rule: str
    course_id: str
    lesson_idx: int | None
    quiz_id: str | None


@dataclass(frozen=True)
class Finding:
    """A rule's judgement of one subject on one as-of day."""

    subject: Subject
    fires: bool
    holds: bool
    severity: str
    value: float
    threshold: float
    evidence: dict[str, int | float | None]


@dataclass(frozen=True)
class Changes:
    """What one as-of day does to the signals."""

    opened: list[Finding]
    kept: list[Finding]
    resolved: list[Finding]


def advance(open_subjects: Collection[Subject], findings: Iterable[Finding]) -> Changes:
    """Let the findings of one as-of day meet the open signals.

    What fires opens, unless it is open; what is open is kept while it holds, else it resolves. An open signal
    whose subject could not be judged, having too few learners now, stays as it is.
    """
    changes = Changes([], [], [])
    for finding in findings:
        if finding.subject in open_subjects:
            (changes.kept if finding.holds else changes.resolved).append(finding)
        elif finding.fires:
            changes.opened.append(finding)
    return changes
