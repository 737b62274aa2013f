"""Who may read, and that nobody else sees a datum."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import httpx
import psycopg
import pytest
from sqlalchemy import create_engine

from analytics_pipeline.admin.auth.access import FAILURES_AT_ONCE
from analytics_pipeline.admin.auth.tokens import create_token, list_tokens, revoke_token
from analytics_pipeline.admin.limits import Limiter
from analytics_pipeline.database import tables
from analytics_pipeline.database.urls import sqlalchemy_url
from tests.admin.api import API, PATHS
from tests.admin.conftest import Token
from tests.admin.rows import (
    A_RUN,
    a_received_day,
    a_revision,
    course_day,
    open_signal,
    publish,
    publish_course_days,
)
from tests.conftest import Database

pytestmark = pytest.mark.usefixtures("algebra")


@pytest.fixture
def revoked(database: Database, token: Token) -> str:
    engine = create_engine(sqlalchemy_url(database.urls.pipeline))
    with engine.begin() as connection:
        assert revoke_token(connection, token.id)
        assert revoke_token(connection, token.id)
        assert not revoke_token(connection, "nobody's")
        assert [one.revoked_at is not None for one in list_tokens(connection)] == [True]
    engine.dispose()
    return token.secret


@pytest.fixture
def expired(database: Database) -> str:
    engine = create_engine(sqlalchemy_url(database.urls.pipeline))
    with engine.begin() as connection:
        _, secret = create_token(connection, "gone", datetime.now(UTC) - timedelta(seconds=1))
    engine.dispose()
    return secret


def test_without_a_token_nothing_is_answered(anonymous: httpx.Client) -> None:
    for path in PATHS:
        answer = anonymous.get(f"{API}/{path}")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
        assert "algebra" not in answer.text


def test_a_wrong_token_is_refused(anonymous: httpx.Client) -> None:
    for header in ("", "Bearer", "Bearer ", "Basic YTpi", "Bearer wrong", "Bearer adm_" + "a" * 43):
        assert anonymous.get(f"{API}/courses", headers={"Authorization": header}).status_code == 401


@pytest.mark.parametrize("kind", ["revoked", "expired"])
def test_a_token_that_was_revoked_or_has_expired_is_refused(
    anonymous: httpx.Client, kind: str, request: pytest.FixtureRequest
) -> None:
    secret = request.getfixturevalue(kind)
    for path in PATHS:
        answer = anonymous.get(f"{API}/{path}", headers={"Authorization": f"Bearer {secret}"})
        assert (answer.status_code, "algebra" in answer.text) == (401, False)


def test_two_admins_of_different_courses_see_their_own_and_nothing_of_the_other(
    anonymous: httpx.Client, database: Database, pipeline: psycopg.Connection
) -> None:
    names = ("algebra", "botany")
    publish_course_days(pipeline, course_day("botany", date(2026, 3, 1), 40))
    publish(pipeline, tables.signal, *(open_signal("low_course_completion", name) for name in names))
    publish(pipeline, tables.metric_revision, *(a_revision(name) for name in names))
    publish(pipeline, tables.event_day, *(a_received_day(name) for name in names))
    publish(pipeline, tables.job_run, {"error": "algebra, botany: bad"} | A_RUN)
    engine = create_engine(sqlalchemy_url(database.urls.pipeline))
    with engine.begin() as connection:
        secrets = {name: create_token(connection, f"team {name}", courses=[name])[1] for name in names}
    engine.dispose()
    for own, other in (names, names[::-1]):
        headers = {"Authorization": f"Bearer {secrets[own]}"}
        for path in ("courses", f"courses?search={other}", "courses?from=2026-03-01", "signals", "runs"):
            answer = anonymous.get(f"{API}/{path}", headers=headers)
            assert (answer.status_code, other in answer.text) == (200, False), (path, answer.text)
            assert answer.json()["provenance"]["events"]["counted"] == 7
        for path in (f"course/{own}", f"funnel/{own}", "revisions"):
            answer = anonymous.get(f"{API}/{path}", headers=headers)
            assert (answer.status_code, own in answer.text, other in answer.text) == (200, True, False)
        for path in (f"course/{other}", f"course/{other}/lesson/0", f"funnel/{other}"):
            answer = anonymous.get(f"{API}/{path}", headers=headers)
            assert (answer.status_code, set(answer.json())) == (403, {"type", "title", "status", "detail"})
        for path in ("signals", "revisions"):
            answer = anonymous.get(f"{API}/{path}", params={"courseId": other}, headers=headers)
            assert answer.status_code == 403
        runs = anonymous.get(f"{API}/runs", headers=headers).json()["runs"]
        assert [(one["counts"], one["error"]) for one in runs] == [({}, None)]


def test_revoking_a_token_ends_it_at_once(client: httpx.Client, request: pytest.FixtureRequest) -> None:
    assert client.get(f"{API}/courses").status_code == 200
    request.getfixturevalue("revoked")
    assert client.get(f"{API}/courses").status_code == 401


def test_the_database_keeps_no_token(database: Database, token: Token) -> None:
    with database.connect("owner") as connection:
        kept = connection.execute("SELECT row_to_json(t)::text FROM analytics.admin_token t").fetchall()
    assert token.id in kept[0][0]
    assert token.secret not in kept[0][0]


def test_whoever_tries_tokens_is_slowed_down_but_a_good_token_still_works(
    anonymous: httpx.Client, token: Token
) -> None:
    statuses = [
        anonymous.get(f"{API}/courses", headers={"Authorization": "Bearer no"}).status_code
        for _ in range(int(FAILURES_AT_ONCE) + 5)
    ]
    assert statuses[0] == 401
    refused = anonymous.get(f"{API}/courses", headers={"Authorization": "Bearer no"})
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert anonymous.get(f"{API}/courses", headers=token.headers).status_code == 200


def test_a_bucket_lets_a_burst_through_then_one_at_the_set_rate() -> None:
    limiter = Limiter(rate=2, burst=3, names=2)
    assert [limiter.wait("one", 0.0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert limiter.wait("other", 0.0) == 0
    assert limiter.wait("one", 0.5) == 0
    assert limiter.wait("one", 0.5) == 0.5


def test_the_role_of_the_service_reads_no_events_and_writes_nothing(database: Database) -> None:
    with database.connect("admin") as connection:
        for statement in (
            "SELECT count(*) FROM ingest.inbox",
            "SELECT count(*) FROM ingest.quarantine",
            "SELECT count(*) FROM ingest.write_key",
            "DELETE FROM analytics.course_daily",
            "UPDATE analytics.admin_token SET revoked_at = NULL",
            "INSERT INTO analytics.site VALUES (2, 'UTC')",
            "CREATE TABLE analytics.mine ()",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_every_response_keeps_to_itself(anonymous: httpx.Client) -> None:
    for path in ("/signin", "/static/style.css", f"{API}/courses", "/nowhere", "/"):
        headers = anonymous.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_the_openapi_document_names_every_answer(anonymous: httpx.Client) -> None:
    document = anonymous.get("/api/admin/openapi.json").json()
    assert set(document["paths"]) == {
        f"{API}/{path}"
        for path in (
            "courses",
            "course/{course_id}",
            "course/{course_id}/lesson/{lesson_idx}",
            "funnel/{course_id}",
            "signals",
            "runs",
            "revisions",
            "definitions",
        )
    }
    for operations in document["paths"].values():
        assert {"200", "401", "422", "429", "503"} <= set(operations["get"]["responses"])


def test_health_needs_no_token_and_tells_no_number(anonymous: httpx.Client) -> None:
    ask: Callable[[str], str] = lambda path: anonymous.get(path).text  # noqa: E731
    assert (ask("/healthz"), ask("/readyz")) == ("ok\n", "ok\n")
