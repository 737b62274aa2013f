"""The OpenAPI document of the ingest service; the shapes come from the types that decode and encode them."""

from functools import cache
from typing import Any

import msgspec

from analytics_pipeline.endpoint import EVENT_PATH, MAX_BODY_BYTES, MAX_EVENTS
from analytics_pipeline.events import MAX_METADATA_BYTES, METADATA_KEYS, Rejection, WireEvent
from analytics_pipeline.ingest.door import Answer
from analytics_pipeline.ingest.envelope import Batch

_REFUSALS = {
    "400": "The body is not JSON, not a complete gzip stream, or holds no events. Nothing was stored.",
    "401": "The write key is missing, unknown or revoked.",
    "403": "The write key may not be used from this origin.",
    "408": "The body took too long to arrive.",
    "413": f"More than {MAX_EVENTS} events or {MAX_BODY_BYTES} bytes after decompression.",
    "415": "Another content type or encoding than those listed.",
    "429": "Too many events for this key or address; see Retry-After.",
    "503": "The database is away or the service is full; nothing was stored. See Retry-After.",
}
_WAITING = {"429", "503"}


@cache
def openapi() -> dict[str, Any]:
    """The document that `/openapi.json` answers."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Learner analytics: ingest", "version": "1"},
        "paths": {EVENT_PATH: {"post": _post()}},
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "header": {"type": "apiKey", "in": "header", "name": "X-Write-Key"},
                "query": {"type": "apiKey", "in": "query", "name": "key"},
            },
        },
    }


def _post() -> dict[str, Any]:
    body = {
        "oneOf": [
            _reference("Batch"),
            {"type": "array", "items": _reference("WireEvent"), "minItems": 1, "maxItems": MAX_EVENTS},
            _reference("WireEvent"),
        ]
    }
    return {
        "operationId": "postEvents",
        "summary": "Store events; answers after they are committed.",
        "description": (
            "Every event is decided on by itself: what is wrong with one never harms the others. Sending an"
            " id again is safe and counts once; events without an id get one from their content. After a"
            " network error, 408, 429 or 5xx send the same events again; after any other answer do not."
            " The body may come with Content-Encoding: gzip."
        ),
        "security": [{"header": []}, {"query": []}],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": body},
                "text/plain": {
                    "schema": {
                        "type": "string",
                        "description": "The same JSON, from a beacon.",
                        "contentMediaType": "application/json",
                        "contentSchema": body,
                    }
                },
            },
        },
        "responses": {
            "202": {"description": "Stored.", "content": _json(_reference("Answer"))},
            **{status: _refusal(status, meaning) for status, meaning in _REFUSALS.items()},
        },
    }


def _refusal(status: str, meaning: str) -> dict[str, Any]:
    refusal: dict[str, Any] = {"description": meaning, "content": _json(_reference("Refusal"))}
    if status in _WAITING:
        refusal["headers"] = {
            "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}
        }
    return refusal


def _schemas() -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components(
        (Batch, WireEvent, Answer, Rejection), ref_template="#/components/schemas/{name}"
    )
    schemas["Batch"]["properties"]["events"] |= {"minItems": 1, "maxItems": MAX_EVENTS}
    known = {name: key.schema | {"description": key.must_be} for name, key in METADATA_KEYS.items()}
    schemas["WireEvent"]["properties"]["metadata"] |= {
        "properties": known,
        "description": f"At most {MAX_METADATA_BYTES} bytes; other keys are kept as they are.",
    }
    schemas["Refusal"] = {
        "type": "object",
        "properties": {"error": {"type": "string"}},
        "required": ["error"],
    }
    return schemas


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
