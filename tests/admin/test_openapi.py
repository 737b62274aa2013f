"""The OpenAPI document is true: whatever it lets people ask, the answer is one that it names."""

from datetime import date
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import psycopg
import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from analytics_pipeline.admin.api.routes import router
from analytics_pipeline.database import tables
from tests.admin.conftest import Token
from tests.admin.rows import A_RUN, a_revision, course_day, open_signal, publish, publish_course_days

HELD_TO = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
ROUTES = [route for route in router.routes if isinstance(route, APIRoute)]
ANSWERED = {200, 304, 403, 404, 422}


@pytest.fixture
def published(pipeline: psycopg.Connection) -> None:
    publish_course_days(pipeline, course_day("algebra", date(2026, 3, 1), 40))
    publish(pipeline, tables.signal, open_signal("low_course_completion", "algebra"))
    publish(pipeline, tables.metric_revision, a_revision("algebra"))
    publish(pipeline, tables.job_run, A_RUN)


@pytest.mark.usefixtures("published")
def test_no_generated_request_gets_an_answer_that_is_not_documented(app: FastAPI, token: Token) -> None:
    document = schemathesis.openapi.from_asgi("/api/admin/openapi.json", app)
    statuses: set[int] = set()
    for route in ROUTES:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
            @given(document[route.path_format]["GET"].as_strategy(generation_mode=mode))
            def run(case: Any) -> None:
                answer = case.call_and_validate(checks=HELD_TO, headers=token.headers)
                statuses.add(answer.status_code)

            run()
    app.state.service.reader.close()
    assert {200, 404, 422} <= statuses <= ANSWERED


@pytest.mark.parametrize("route", ROUTES, ids=[route.path for route in ROUTES])
def test_every_example_is_an_answer(app: FastAPI, route: APIRoute) -> None:
    document = app.openapi()
    content = document["paths"][route.path_format]["get"]["responses"]["200"]["content"]["application/json"]
    jsonschema.validate(content["example"], content["schema"] | {"components": document["components"]})
