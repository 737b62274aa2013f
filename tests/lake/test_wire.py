"""When two metadata texts are the same value, and what a quarantined event looks like."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.lake.wire import canonical_json, wire_form

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def reordered(value: Any) -> Any:
    """The same value, its objects written in the opposite order and its whole numbers as decimals."""
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return [reordered(item) for item in value]
    return float(value) if type(value) is int else value


@given(value=values)
def test_another_spelling_of_a_value_is_the_same_value(value: Any) -> None:
    assert canonical_json(json.dumps(value)) == canonical_json(json.dumps(reordered(value), indent=1))


@given(one=values, other=values)
def test_different_values_stay_different(one: Any, other: Any) -> None:
    texts = [json.dumps(value, sort_keys=True) for value in (one, other)]
    assert (canonical_json(texts[0]) == canonical_json(texts[1])) == (texts[0] == texts[1])


def test_no_digit_of_a_long_number_is_lost() -> None:
    number = "1" * 40
    assert canonical_json(f"[{number}1]") != canonical_json(f"[{number}2]")
    assert canonical_json("[0.1]") != canonical_json("[0.10000000000000000001]")
    assert canonical_json("[1e2]") == canonical_json("[100.0]")


def test_the_wire_form_has_what_the_client_sent_and_leaves_absent_fields_out() -> None:
    body = wire_form(
        event_id="a",
        event_type="course_view",
        learner_id=None,
        course_id="Ä",
        lesson_idx=None,
        metadata='{"amount":12.50}',
        created_at=1_709_251_200_000_001,
    )
    assert body.decode() == (
        '{"id":"a","eventType":"course_view","courseId":"Ä","createdAt":"2024-03-01T00:00:00.000001Z",'
        '"metadata":{"amount":12.50}}'
    )
