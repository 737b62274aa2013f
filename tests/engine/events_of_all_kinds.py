"""Events as every model is to read them: of real learners, of simulated ones, and messy ones."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from analytics_pipeline.importing.formats import SourceFormat, open_source
from analytics_pipeline.simulate import one_of_each, simulate
from tests.metrics.oracle import Wire
from tests.metrics.streams import HOURS, KINDS, STEPS

ZONE = ZoneInfo("Europe/Paris")
LAST_DAY = date(2024, 4, 2)
OULAD_EVENTS = 12_000
# The clocks go forward within these days.
MESSY_DAYS = [date(2024, 3, 29) + timedelta(days=number) for number in range(5)]
QUIZZES = (None, "q", 7, "7", 'quotes " and \\', "é, ü", "")
ABOUT_ORDERS: tuple[dict[str, Any], ...] = (
    {}, {"orderId": "o1"}, {"orderId": 2}, {"orderId": "2", "amount": "10.50", "currency": "EUR"},
    {"orderId": "o1", "amount": 3, "currency": "USD"}, {"amount": 0.1}, {"amount": "999999999999.9999"},
    {"orderId": "o1", "amount": 10.0001, "currency": "EUR"}, {"amount": 1e11, "currency": None},
)  # fmt: skip
ABOUT_TIME = (0, 1500, 1999.9, 600_000, 600_000.5, 86_400_000, None)


def real_and_made_up(data: Path) -> list[Wire]:
    """Events of the Open University and of a FUN course, of the simulated platform, and messy ones."""
    oulad = open_source([data / "oulad"], SourceFormat.OULAD, zone=ZONE, report=_refuse, modules=("AAA",))
    mooc = open_source(
        [data / "fun_mooc" / "statements.json.gz"], SourceFormat.XAPI, zone=ZONE, report=lambda _: None
    )
    read = [*islice(oulad.events, OULAD_EVENTS), *mooc.events]
    events = [*map(json.loads, read), *simulate(4, 80, 40, 3, LAST_DAY, ZONE, one_of_each(20)), *messy(4000)]
    nothing: Wire = {"userId": None, "courseId": None, "lessonIdx": None, "metadata": {}}
    return [{"id": f"numbered-{at}", **nothing, **event} for at, event in enumerate(events)]


def messy(size: int) -> Iterator[Wire]:
    """Few learners, courses, lessons and moments, so that they meet where counting goes wrong."""
    dice = random.Random(11)
    for number in range(size):
        kind = dice.choice(KINDS)
        base = datetime.combine(dice.choice(MESSY_DAYS), dice.choice(HOURS), ZONE).astimezone(UTC)
        about: dict[str, Any] = {"role": dice.choice((None, None, None, None, None, "staff", "learner"))}
        if kind.startswith("quiz_"):
            about |= {"quizId": dice.choice(QUIZZES), "attempt": dice.choice((1, 2, None))}
        elif kind == "lesson_time":
            about |= {"activeMs": dice.choice(ABOUT_TIME)}
        elif kind in ("purchase", "refund"):
            about |= dice.choice(ABOUT_ORDERS)
        yield {
            "id": f"messy-{number}",
            "eventType": kind,
            "userId": dice.choice((None, *(f"u{n}" for n in range(30)))),
            "courseId": dice.choice(("m1", "m1", "m2", None if kind in ("enroll", "purchase") else "m3")),
            "lessonIdx": dice.choice((0, 1, 1, 2, 3)),
            "metadata": about,
            "createdAt": (base + dice.choice(STEPS) - dice.choice(STEPS[:4])).isoformat(),
        }


def _refuse(line: object) -> None:
    raise AssertionError(line)
