import json
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_pipeline.days import day_of
from analytics_pipeline.ingest.admission import Admission
from analytics_pipeline.ingest.calendar import Calendar
from analytics_pipeline.ingest.envelope import BadBodyError
from analytics_pipeline.ingest.intake import Rules
from analytics_pipeline.ingest.quarantine import Arrival
from analytics_pipeline.instants import microseconds
from tests.ingest.bad_events import BAD_EVENTS
from tests.ingest.batches import NOW, STORED_FIELDS, admit_body, admit_events, stored, wire

LEVELS = 5000
YEARS = (datetime(2024, 1, 1), datetime(2026, 3, 10))  # noqa: DTZ001  # hypothesis adds the zone


def reasons(admission: Admission) -> list[str]:
    return [rejection.reason for rejection in admission.rejections]


def test_an_event_is_stored_with_every_field_in_order() -> None:
    admission = admit_events(wire(id="0A0A0A0A-0000-4000-8000-00000000000A", metadata={"b": 1, "a": [None]}))
    [line] = stored(admission)
    assert list(line) == STORED_FIELDS
    assert line == {
        "event_id": "0a0a0a0a-0000-4000-8000-00000000000a",
        "event_type": "lesson_viewed",
        "learner_id": "learner-1",
        "course_id": "course-1",
        "lesson_idx": 3,
        "metadata": {"b": 1, "a": [None]},
        "occurred_at": microseconds(NOW - timedelta(minutes=1)),
        "received_at": microseconds(NOW),
        "skew_us": 0,
    }
    [day] = admission.days
    assert (day.day, day.events) == (date(2026, 3, 10), 1)
    assert day.payload.endswith(b"}\n")
    assert admission.accepted == 1


def test_what_an_event_leaves_out_is_stored_as_null() -> None:
    [line] = stored(
        admit_events({"eventType": "course_view", "createdAt": "2026-03-10T11:00:00Z", "id": "x"})
    )
    assert [line[name] for name in ("learner_id", "course_id", "lesson_idx", "metadata")] == [
        None,
        None,
        None,
        {},
    ]


@pytest.mark.parametrize(
    "body", [[wire()], {"events": [wire()]}, wire(), {"events": [wire()], "sentAt": None}]
)
def test_a_body_is_a_batch_an_array_or_one_event(body: object) -> None:
    text = json.dumps(body).encode()
    assert admit_body(text).accepted == admit_body(b" \n\t" + text).accepted == 1


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"", HTTPStatus.BAD_REQUEST, "(byte 0)"),
        (b'{"events": [', HTTPStatus.BAD_REQUEST, "(byte 12)"),
        (b'{"events": [1, 2,, 3]}', HTTPStatus.BAD_REQUEST, "(byte 17)"),
        (b'[{"id": "a\x00b"}]', HTTPStatus.BAD_REQUEST, "(byte 10)"),
        (b"hello", HTTPStatus.BAD_REQUEST, "(byte 0)"),
        (b"[NaN]", HTTPStatus.BAD_REQUEST, "(byte 1)"),
        (b"\xff\xfe[\x00]\x00", HTTPStatus.BAD_REQUEST, "(byte 0)"),
        (b"[" * LEVELS + b"]" * LEVELS, HTTPStatus.BAD_REQUEST, "too deeply"),
        (b"42", HTTPStatus.BAD_REQUEST, "no list of events"),
        (b'{"events": {}}', HTTPStatus.BAD_REQUEST, "no list of events"),
        (b'{"eventz": []}', HTTPStatus.BAD_REQUEST, "no `events`"),
        (b'{"events": []}', HTTPStatus.BAD_REQUEST, "holds no events"),
        (b'{"events": [], "\xff": 1}', HTTPStatus.BAD_REQUEST, "holds no events"),
        (b'{"events": [1], "sentAt": "yesterday"}', HTTPStatus.BAD_REQUEST, "sentAt must be"),
        (b'{"events": [1], "sentAt": "\xff"}', HTTPStatus.BAD_REQUEST, "not JSON"),
        (b"[" + b"1," * 1000 + b"1]", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "at most 1000 events"),
    ],
)
def test_a_body_without_events_is_refused_as_a_whole(body: bytes, status: HTTPStatus, sentence: str) -> None:
    with pytest.raises(BadBodyError, match=r".") as refused:
        admit_body(body)
    assert refused.value.status == status
    assert sentence in str(refused.value)


@pytest.mark.parametrize(("bad", "reason"), BAD_EVENTS)
def test_one_bad_event_is_rejected_and_kept_and_the_others_are_accepted(bad: bytes, reason: str) -> None:
    good = [json.dumps(wire(id=f"good-{n}")).encode() for n in range(2)]
    admission = admit_body(b'{"events": [' + b",".join([good[0], bad, good[1]]) + b"]}")
    assert [line["event_id"] for line in stored(admission)] == ["good-0", "good-1"]
    assert admission.accepted == 2
    [rejection] = admission.rejections
    assert rejection.index == 1
    assert rejection.reason.partition(":")[0] == reason
    [kept] = admission.quarantine
    assert kept.reason == rejection.reason
    assert kept.body == bad or json.loads(kept.body) == json.loads(bad)
    assert kept.arrival == Arrival(date(2026, 3, 10), "wk_1", 0)


def test_a_rejection_names_the_id_of_its_event_where_it_has_a_usable_one() -> None:
    admission = admit_events(wire(id="a", lessonIdx=-1), wire(id="b c"), wire(id=..., lessonIdx=-1), "text")
    assert [rejection.id for rejection in admission.rejections] == ["a", None, None, None]


def test_quarantine_names_what_the_event_said_about_itself() -> None:
    day = "2026-02-01T10:00:00Z"
    [row] = admit_events(wire(createdAt=day, lessonIdx=-1, courseId="c\0" + "x" * 300)).quarantine
    assert (row.event_id, row.event_type, row.arrival.day) == ("event-1", "lesson_viewed", date(2026, 2, 1))
    assert row.course_id is not None
    assert len(row.course_id) == 200
    assert "\0" not in row.course_id


def test_the_same_rejection_has_the_same_id_and_another_has_another() -> None:
    first, again, other = (admit_events(wire(lessonIdx=n)).quarantine[0].id for n in (-1, -1, -2))
    assert first == again != other


def test_escapes_that_only_look_like_nul_are_no_reason_to_reject() -> None:
    body = json.dumps([wire(userId="\\u0000", metadata={"a": "\\u0000"})]).encode()
    [line] = stored(admit_body(body))
    assert (line["learner_id"], line["metadata"]) == ("\\u0000", {"a": "\\u0000"})


def test_text_in_every_script_is_kept_as_it_came() -> None:
    learner = "Zoë 学习者 🎓 \u2028"
    for ascii_only in (True, False):
        body = json.dumps([wire(userId=learner)], ensure_ascii=ascii_only).encode()
        assert stored(admit_body(body))[0]["learner_id"] == learner


def test_metadata_may_be_eight_kib_and_the_batch_still_be_read() -> None:
    padding = "y" * (8192 - len('{"x":""}'))
    events = [wire(id="fits", metadata={"x": padding}), wire(id="not", metadata={"x": padding + "y"})]
    admission = admit_events(*events)
    assert [line["event_id"] for line in stored(admission)] == ["fits"]
    assert reasons(admission) == ["metadata: metadata is larger than 8192 bytes"]


def test_an_event_without_an_id_gets_the_same_one_whenever_it_is_sent_again_with_the_same_key() -> None:
    event = wire(id=..., metadata={"a": 1, "b": 2})
    reordered = dict(reversed(event.items())) | {"metadata": {"b": 2, "a": 1}}
    later = NOW + timedelta(hours=1)
    ids = [
        stored(admit_events(event))[0]["event_id"],
        stored(admit_events(reordered, now=later, sentAt=later.isoformat()))[0]["event_id"],
        stored(admit_events(event, key_id="wk_2"))[0]["event_id"],
        stored(admit_events(event | {"lessonIdx": 4}))[0]["event_id"],
    ]
    assert UUID(ids[0]).version == 5
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


@pytest.mark.parametrize("hours", [-48, -1, 1, 48])
def test_a_clock_that_is_wrong_is_corrected_by_when_the_batch_was_sent(hours: int) -> None:
    wrong = timedelta(hours=hours)
    occurred = NOW - timedelta(minutes=2)
    [line] = stored(
        admit_events(wire(createdAt=(occurred + wrong).isoformat()), sentAt=(NOW + wrong).isoformat())
    )
    assert line["occurred_at"] == microseconds(occurred)
    assert line["skew_us"] == -wrong // timedelta(microseconds=1)


def test_a_clock_within_five_minutes_is_believed() -> None:
    sent = NOW + timedelta(minutes=5)
    created = NOW + timedelta(minutes=4)
    [line] = stored(admit_events(wire(createdAt=created.isoformat()), sentAt=sent.isoformat()))
    assert (line["occurred_at"], line["skew_us"]) == (microseconds(created), 0)


def test_ten_minutes_ahead_are_believed_and_no_more() -> None:
    edge = NOW + timedelta(minutes=10)
    just, over = edge - timedelta(microseconds=1), edge
    admission = admit_events(wire(id="just", createdAt=just.isoformat()), wire(createdAt=over.isoformat()))
    assert [line["event_id"] for line in stored(admission)] == ["just"]
    assert reasons(admission)[0].startswith("future")


def test_events_older_than_the_retention_horizon_are_rejected() -> None:
    rules = Rules(Calendar(ZoneInfo("UTC"), date(2024, 1, 1)), retention_days=30)
    kept, gone = datetime(2026, 2, 8, tzinfo=UTC), datetime(2026, 2, 7, 23, 59, tzinfo=UTC)
    admission = admit_events(
        wire(id="kept", createdAt=kept.isoformat()), wire(createdAt=gone.isoformat()), rules=rules
    )
    assert [line["event_id"] for line in stored(admission)] == ["kept"]
    assert reasons(admission) == ["too_old: createdAt is before the horizon of 30 days"]


@pytest.mark.parametrize(
    "created_at", ["2026-03-10T11:00:00Z", "2026-03-10T12:00:00.000000+01:00", 1773140400000]
)
def test_a_time_is_rfc_3339_or_epoch_milliseconds(created_at: object) -> None:
    [line] = stored(admit_events(wire(createdAt=created_at)))
    assert line["occurred_at"] == microseconds(datetime(2026, 3, 10, 11, tzinfo=UTC))


@given(
    seconds=st.lists(st.integers(0, 800 * 86_400), min_size=1, max_size=20),
    zone=st.sampled_from(["UTC", "Europe/Paris", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia"]),
)
def test_every_event_lands_in_its_site_day(seconds: list[int], zone: str) -> None:
    rules = Rules(Calendar(ZoneInfo(zone), date(2023, 12, 31)))
    instants = [datetime(2024, 1, 1, 11, tzinfo=UTC) + timedelta(seconds=offset) for offset in seconds]
    now = datetime(2026, 6, 1, tzinfo=UTC)
    events = [wire(id=f"e{n}", createdAt=instant.isoformat()) for n, instant in enumerate(instants)]
    admission = admit_events(*events, now=now, rules=rules)
    found = {
        json.loads(line)["event_id"]: day
        for day, _, payload in admission.days
        for line in payload.splitlines()
    }
    assert found == {f"e{n}": day_of(instant, ZoneInfo(zone)) for n, instant in enumerate(instants)}
    assert len({day.day for day in admission.days}) == len(admission.days)


@given(st.datetimes(*YEARS, timezones=st.just(UTC)))
def test_times_are_kept_to_the_microsecond(instant: datetime) -> None:
    [line] = stored(admit_events(wire(createdAt=instant.isoformat())))
    assert line["occurred_at"] == microseconds(instant)


json_like = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
almost_events = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["a", "b c", "É", ""]) | json_like,
        "eventType": st.sampled_from(["enroll", "quiz_passed", "lesson_time", "nonsense"]) | json_like,
        "userId": st.text() | json_like,
        "courseId": st.text(max_size=250) | json_like,
        "lessonIdx": st.integers() | json_like,
        "createdAt": st.sampled_from(["2026-03-10T11:00:00Z", "2026-03-10"]) | st.integers() | json_like,
        "metadata": st.dictionaries(st.sampled_from(["score", "amount", "x", "quizId"]), json_like)
        | json_like,
    },
)


@given(st.lists(almost_events | json_like, min_size=1, max_size=6), st.booleans())
def test_every_event_is_either_accepted_or_rejected_and_what_is_accepted_can_be_stored(
    events: list[Any], ascii_only: bool
) -> None:
    body = json.dumps(events, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    try:
        admission = admit_body(body)
    except BadBodyError:
        return
    assert admission.accepted + len(admission.rejections) == len(events)
    assert len(admission.rejections) == len(admission.quarantine)
    assert admission.accepted == sum(day.events for day in admission.days)
    for line in stored(admission):
        assert list(line) == STORED_FIELDS
        assert_storable(line)
    for row in admission.quarantine:
        for text in (row.event_id, row.course_id, row.event_type, row.reason):
            assert_storable(text)


def assert_storable(value: Any) -> None:
    if isinstance(value, str):
        assert "\0" not in value
        value.encode()
    elif isinstance(value, bool) or value is None:
        pass
    elif isinstance(value, int):
        assert -(2**63) <= value < 2**63
    elif isinstance(value, float):
        assert abs(value) != float("inf")
    elif isinstance(value, dict):
        for key, inner in value.items():
            assert_storable(key)
            assert_storable(inner)
    else:
        for inner in value:
            assert_storable(inner)


@given(st.binary(max_size=200) | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_bring_it_out_of_step(body: bytes) -> None:
    for text in (body, b'{"events": [' + body + b"]}", b'[{"userId": "' + body + b'"}]'):
        try:
            admit_body(text)
        except BadBodyError as refused:
            assert refused.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}  # noqa: PT017


@given(st.lists(almost_events, min_size=1, max_size=5))
def test_a_bad_neighbour_changes_nothing_about_an_event(events: list[Any]) -> None:
    alone = admit_body(json.dumps(events).encode())
    beside = admit_body(json.dumps([*events, 17]).encode())
    assert beside.days == alone.days
    assert beside.rejections[:-1] == alone.rejections
    assert beside.quarantine[:-1] == alone.quarantine
