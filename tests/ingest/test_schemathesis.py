"""Schemathesis reads the document and tries the running service: no answer is left undocumented."""

from typing import Any

import pytest
import schemathesis
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

from tests.ingest.service import EVENT_PATH, Service

# What does not fit the document is no error of the request: each event of a batch has its own answer.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]


@pytest.mark.parametrize(
    ("mode", "expected"), [(GenerationMode.POSITIVE, {202}), (GenerationMode.NEGATIVE, {202, 400})]
)
def test_no_generated_request_gets_an_answer_that_is_not_documented(
    door: Service, mode: GenerationMode, expected: set[int]
) -> None:
    operation = schemathesis.openapi.from_url(f"{door.url}/openapi.json")[EVENT_PATH]["POST"]
    statuses: set[int] = set()

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        answer = case.call_and_validate(checks=CHECKS, headers={"X-Write-Key": door.key})
        statuses.add(answer.status_code)

    run()
    assert expected <= statuses
