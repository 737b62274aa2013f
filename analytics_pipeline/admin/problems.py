"""Errors of the API as problem details (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus

from pydantic import BaseModel
from starlette.responses import JSONResponse

PROBLEM_JSON = "application/problem+json"


class Problem(BaseModel):
    """The problem document as the OpenAPI document describes it."""

    type: str
    title: str
    status: int
    detail: str


class ProblemError(Exception):
    """An answer other than success; `detail` is one sentence for the person who asked."""

    def __init__(self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})


def problem_response(
    status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None, **members: object
) -> JSONResponse:
    """The problem document; `members` are extension members."""
    document = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return JSONResponse(document | members, status.value, dict(headers or {}), media_type=PROBLEM_JSON)
