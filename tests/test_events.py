import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.database.tables import EVENT_TYPE
from analytics_pipeline.events import (
    EventType,
    WireEvent,
    event_id_of,
    metadata_problem,
    missing_field,
)


def test_postgres_and_python_know_the_same_event_types() -> None:
    assert list(EVENT_TYPE.enums) == [kind.value for kind in EventType]


@given(st.uuids())
def test_a_uuid_is_stored_in_lower_case_however_it_was_written(uuid: object) -> None:
    assert event_id_of(str(uuid).upper()) == event_id_of(str(uuid)) == str(uuid)


def test_a_token_keeps_its_case() -> None:
    assert event_id_of("Order_17-A") == "Order_17-A"
    assert event_id_of("ABCDEF0123456789ABCDEF0123456789ABCD") == "ABCDEF0123456789ABCDEF0123456789ABCD"


@pytest.mark.parametrize("text", ["", "a" * 65, "a b", "é", "a\n", "a\0", "{}", "\ud800"])
def test_anything_else_is_no_event_id(text: str) -> None:
    assert event_id_of(text) is None


@pytest.mark.parametrize(
    ("kind", "fields", "complete"),
    [
        ("lesson_viewed", {"course_id": "c", "lesson_idx": 0}, True),
        ("lesson_time", {"course_id": "c"}, False),
        ("lesson_completed", {"lesson_idx": 1}, False),
        ("quiz_attempted", {"course_id": "c", "lesson_idx": 1}, True),
        ("quiz_passed", {"course_id": "c", "metadata": {"quizId": 7}}, True),
        ("quiz_passed", {"course_id": "c", "metadata": {"quizId": None}}, False),
        ("quiz_attempted", {"metadata": {"quizId": "q"}}, False),
        ("course_view", {}, True),
        ("purchase", {"course_id": "c"}, True),
    ],
)
def test_lessons_and_quizzes_must_say_where_they_happened(
    kind: str, fields: dict[str, object], complete: bool
) -> None:
    event = WireEvent(event_type=EventType(kind), created_at=0, **fields)  # type: ignore[arg-type]
    assert (missing_field(event) is None) == complete


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("activeMs", [0, 0.5, 86_400_000, None], [-1, 86_400_001, "1", True, [1]]),
        ("score", [-3, 0.75, None], ["0.75", False, {}]),
        ("attempt", [1, 99, None], [0, 1.5, "1", True]),
        ("quizId", ["q", "q" * 200, 7, None], ["", "q" * 201, 1.5, True, []]),
        ("orderId", ["o", 7], ["", False]),
        (
            "amount",
            [0, 19.99, "19.99", "0.0001", 999_999_999_999, None],
            [-1, 10**12, "1e3", "-1", "1.23456", 0.30000000000000004, True, "", "1.", ".5", "\u0661"],
        ),
        ("currency", ["EUR", None], ["eur", "EURO", "", 978]),
        ("role", ["staff", "learner", None], [1, True, []]),
        ("anything", ["x", 1, 1.5, True, None, [], {"a": [1]}], [[2**63], {"a": {"b": [-(2**63) - 1]}}]),
    ],
)
def test_the_keys_that_the_pipeline_reads_are_checked_and_all_others_kept(
    key: str, good: list[object], bad: list[object]
) -> None:
    assert [value for value in good if metadata_problem({key: value})] == []
    assert [value for value in bad if not metadata_problem({key: value})] == []


def test_metadata_may_be_sixteen_levels_deep_and_no_deeper() -> None:
    def nested(levels: int) -> dict[str, object]:
        inner: object = 1
        for _ in range(levels - 1):
            inner = [inner]
        return {"inner": inner}

    assert metadata_problem(nested(16)) is None
    assert metadata_problem(nested(17)) == "metadata is nested deeper than 16 levels"
