"""The evidence of a signal as lines that a person can check by hand."""

from collections.abc import Iterator
from typing import Any

from analytics_pipeline.admin.reading.signals import SignalLine
from analytics_pipeline.admin.words import number, percent

_TOLD_TOGETHER = frozenset({"numerator", "denominator", "low", "high"})


def evidence_lines(signal: SignalLine) -> Iterator[tuple[str, str]]:
    """Name and value of everything that the rule has noted; shares in per cent, the run at the end."""
    evidence = signal.evidence
    yield "Found", percent(signal.value)
    yield "Limit", percent(signal.threshold)
    if "numerator" in evidence:
        yield "Counts", f"{number(evidence['numerator'])} of {number(evidence['denominator'])}"
    if evidence.get("low") is not None:
        yield "95 % interval", f"{percent(evidence['low'])} to {percent(evidence['high'])}"
    for name, value in evidence.items():
        if name not in _TOLD_TOGETHER and value is not None:
            yield name.replace("_", " ").capitalize(), _in_words(value)
    yield "Run", signal.run_id[:8]


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return number(value)
    if isinstance(value, float):
        return percent(value) if 0 <= value <= 1 else f"{value:.1f}"
    if isinstance(value, list):
        return ", ".join(_in_words(one) for one in value)
    return str(value)
