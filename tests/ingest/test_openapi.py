"""The document that the service serves says what the service does."""

from datetime import UTC, datetime
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from analytics_pipeline.events import EventType
from tests.ingest.batches import wire
from tests.ingest.service import EVENT_PATH, Service


@pytest.fixture(scope="module")
def document(door: Service) -> dict[str, Any]:
    content: dict[str, Any] = door.get("/openapi.json").json()
    return content


def validator(document: dict[str, Any], name: str) -> Any:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return jsonschema.Draft202012Validator(schema)


def test_it_lists_the_endpoint_with_every_answer_it_gives(document: dict[str, Any]) -> None:
    answers = document["paths"][EVENT_PATH]["post"]["responses"]
    assert set(answers) == {"202", "400", "401", "403", "408", "413", "415", "429", "503"}
    assert {status for status, answer in answers.items() if "headers" in answer} == {"429", "503"}
    assert document["components"]["schemas"]["EventType"]["enum"] == sorted(EventType)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"createdAt": 1773140400000},
        {"metadata": None, "userId": None, "id": None},
        {"metadata": {"activeMs": 5, "amount": "19.99", "currency": "EUR", "more": [{"x": 1}]}},
    ],
)
def test_what_it_allows_is_accepted(
    document: dict[str, Any], door: Service, fields: dict[str, object]
) -> None:
    event = wire(datetime.now(UTC), **fields)
    validator(document, "WireEvent").validate(event)
    answer = door.post({"events": [event]})
    assert answer.json()["accepted"] == 1
    validator(document, "Batch").validate({"events": [event]})
    validator(document, "Answer").validate(answer.json())


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "a b"},
        {"id": "x" * 65},
        {"eventType": "nonsense"},
        {"userId": ""},
        {"courseId": "x" * 201},
        {"lessonIdx": -1},
        {"lessonIdx": 100_001},
        {"createdAt": True},
        {"createdAt": ...},
        {"metadata": []},
        {"metadata": {"attempt": 0}},
        {"metadata": {"currency": "euro"}},
        {"metadata": {"activeMs": "5"}},
        {"metadata": {"amount": "1,5"}},
        {"metadata": {"quizId": ""}},
        {"metadata": {"role": 5}},
    ],
)
def test_what_it_forbids_is_rejected(
    document: dict[str, Any], door: Service, fields: dict[str, object]
) -> None:
    event = wire(datetime.now(UTC), **fields)
    assert not validator(document, "WireEvent").is_valid(event)
    assert len(door.post([event]).json()["rejected"]) == 1


def test_a_refusal_looks_as_it_says(document: dict[str, Any], door: Service) -> None:
    for answer in (
        door.post(b"["),
        door.post([], {"x-write-key": "no"}),
        door.post([1], {"content-type": "a/b"}),
    ):
        validator(document, "Refusal").validate(answer.json())
