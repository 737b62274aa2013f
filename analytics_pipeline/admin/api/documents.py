"""What the OpenAPI document says of answers: the problems of every route, and an example of each answer."""

import json
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from analytics_pipeline.admin.problems import PROBLEM_JSON, Problem

Responses = dict[int | str, dict[str, Any]]


def _problem(status: HTTPStatus, description: str, detail: str) -> Responses:
    example = Problem(type="about:blank", title=status.phrase, status=status, detail=detail)
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example.model_dump()}
    return {int(status): {"description": description, "content": {PROBLEM_JSON: content}}}


PROBLEMS = (
    {304: {"description": "The client holds this answer already (If-None-Match)"}}
    | _problem(
        HTTPStatus.UNAUTHORIZED,
        "No token, or one that is unknown, revoked or expired",
        "The token is unknown, revoked or expired.",
    )
    | _problem(
        HTTPStatus.FORBIDDEN,
        "A course that this access does not cover",
        "Your access does not cover the course algebra; ask whoever gave it to you.",
    )
    | _problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "A parameter cannot be used",
        "The range ends (2026-01-01) before it begins (2026-02-01).",
    )
    | _problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many requests; wait for Retry-After seconds",
        "Too many requests; wait and try again.",
    )
    | _problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The database or the identity provider is away; ask again after Retry-After seconds",
        "The database is away; the service answers again by itself once it is back.",
    )
)
"""What any route may answer."""

UNKNOWN = _problem(
    HTTPStatus.NOT_FOUND,
    "Unknown course or lesson",
    "No event of the course algebra has been published.",
)


EXAMPLES = {
    "courses": "/courses",
    "course": "/course/{course_id}",
    "lesson": "/course/{course_id}/lesson/{lesson_idx}",
    "funnel": "/funnel/{course_id}",
    "signals": "/signals",
    "runs": "/runs",
    "revisions": "/revisions",
    "definitions": "/definitions",
}
"""Which route answers like the file `examples/<name>.json`."""


def add_examples(document: dict[str, Any], prefix: str) -> None:
    """Put examples and the problem document in; FastAPI would leave out what is null in an example."""
    document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
    for name, path in EXAMPLES.items():
        text = files(__package__).joinpath("examples", f"{name}.json").read_text(encoding="utf-8")
        answered = document["paths"][prefix + path]["get"]["responses"]["200"]["content"]
        answered["application/json"]["example"] = json.loads(text)
