"""How days share one piece of work, and how one bad day is kept from stopping the others."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date


def plan_chunks(events: Mapping[date, int], most_events: int, most_days: int) -> Iterator[list[date]]:
    """Group days, oldest first, within both limits; a day that is larger is a group of its own."""
    chunk: list[date] = []
    total = 0
    for day in sorted(events):
        if chunk and (total + events[day] > most_events or len(chunk) == most_days):
            yield chunk
            chunk, total = [], 0
        chunk.append(day)
        total += events[day]
    if chunk:
        yield chunk


def work_or_halve(
    days: list[date], work: Callable[[list[date]], None], faults: tuple[type[Exception], ...]
) -> dict[date, str]:
    """Do `work` on the days together; where that fails with a fault, on each half, down to a day alone.

    Returns what was wrong with each day that failed alone. `work` must do all of its days or none.
    """
    try:
        work(days)
    except faults as error:
        if len(days) == 1:
            return {days[0]: str(error)}
    else:
        return {}
    middle = len(days) // 2
    return work_or_halve(days[:middle], work, faults) | work_or_halve(days[middle:], work, faults)
