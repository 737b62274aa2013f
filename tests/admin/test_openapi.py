"""The OpenAPI document is true: of every request that it allows, the answer is one that it names."""

from datetime import date
from typing import Any

import psycopg
import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks

from analytics_pipeline.admin.api.routes import router
from analytics_pipeline.database import tables
from tests.admin.conftest import Token
from tests.admin.rows import A_RUN, a_revision, course_day, open_signal, publish, publish_course_days

load_all_checks()
HELD_TO = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)


@pytest.fixture
def api(app: FastAPI, pipeline: psycopg.Connection) -> Any:
    publish_course_days(pipeline, course_day("algebra", date(2026, 3, 1), 40))
    publish(pipeline, tables.signal, open_signal("low_course_completion", "algebra"))
    publish(pipeline, tables.metric_revision, a_revision("algebra"))
    publish(pipeline, tables.job_run, A_RUN)
    yield schemathesis.openapi.from_asgi("/api/admin/openapi.json", app)
    app.state.service.reader.close()


schema = schemathesis.pytest.from_fixture("api")


@schema.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_document_names(case: Any, token: Token) -> None:
    case.call_and_validate(headers=token.headers, checks=HELD_TO)


def test_every_example_is_an_answer(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    for route in router.routes:
        assert isinstance(route, APIRoute)
        assert route.response_model is not None
        example = paths[route.path]["get"]["responses"]["200"]["content"]["application/json"]["example"]
        answer = route.response_model.model_validate(example, by_alias=True, by_name=True)
        assert answer.model_dump(mode="json", by_alias=True) == example
