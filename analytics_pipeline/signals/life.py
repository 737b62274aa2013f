"""The life of signals: what opens, goes on and resolves when findings meet open signals. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

UNJUDGED = timedelta(days=14)
"""How long a signal stays open whose subject can no longer be judged: it says nothing of today's learners."""


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
    evidence: dict[str, int | float | str | None]


@dataclass(frozen=True)
class Changes:
    """What one as-of day does to the signals."""

    opened: list[Finding]
    kept: list[Finding]
    resolved: list[Subject]


def advance(open_signals: Mapping[Subject, date], findings: Iterable[Finding], as_of: date) -> Changes:
    """Let the findings of one as-of day meet the open signals, each given with the day it was last seen.

    What fires opens, unless it is open; what is open is kept while it holds, else it resolves. An open signal
    whose subject cannot be judged, having too few learners now or being gone, stays as it is for UNJUDGED
    after it was last seen, and then resolves: the learners it speaks of are no longer looked at.
    """
    changes = Changes([], [], [])
    unjudged = dict(open_signals)
    for finding in findings:
        if finding.subject in open_signals:
            del unjudged[finding.subject]
            if finding.holds:
                changes.kept.append(finding)
            else:
                changes.resolved.append(finding.subject)
        elif finding.fires:
            changes.opened.append(finding)
    changes.resolved.extend(subject for subject, seen in unjudged.items() if as_of - seen >= UNJUDGED)
    return changes
