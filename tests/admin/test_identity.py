"""Tokens of an identity provider: who gets in with which, and that nobody else sees a datum."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from analytics_pipeline.admin.app import create_app
from analytics_pipeline.admin.auth import identity
from analytics_pipeline.database import tables
from analytics_pipeline.settings import WrongSettingError, load_settings
from tests.admin.api import API, PATHS
from tests.admin.conftest import ORIGIN, AppTransport
from tests.admin.rows import course_day, open_signal, publish, publish_course_days
from tests.conftest import Database

ISSUER, AUDIENCE = "https://id.example.org/realms/school", "analytics"
RSA = rsa.generate_private_key(65537, 2048)
OTHER_RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())


@dataclass
class IdentityProvider:
    """Publishes keys; counts how often it was asked."""

    url: str = ""
    status: int = 200
    asked: int = 0
    keys: list[dict[str, Any]] = field(
        default_factory=lambda: [
            json.loads(RSAAlgorithm.to_jwk(RSA.public_key())) | {"kid": "rsa", "use": "sig"},
            json.loads(ECAlgorithm.to_jwk(EC.public_key())) | {"kid": "ec"},
            {"kty": "unheard of", "kid": "strange"},
        ]
    )


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    provider = IdentityProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked += 1
            self.send_response(provider.status)
            self.end_headers()
            self.wfile.write(json.dumps({"keys": provider.keys}).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.url = f"http://127.0.0.1:{server.server_port}/keys"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def site(
    database: Database, provider: IdentityProvider, pipeline: psycopg.Connection
) -> Iterator[httpx.Client]:
    """A service with two courses that trusts the provider."""
    publish_course_days(pipeline, *(course_day(one, date(2026, 3, 1), 40) for one in ("algebra", "botany")))
    publish(
        pipeline, tables.signal, *(open_signal("low_course_completion", one) for one in ("algebra", "botany"))
    )
    settings = database.settings.model_copy(
        update={
            "oidc_issuer": ISSUER,
            "oidc_audience": AUDIENCE,
            "oidc_jwks_url": provider.url,
            "oidc_admin_claim": "realm_access.roles",
            "oidc_courses_claim": "courses",
        }
    )
    app = create_app(settings)
    with httpx.Client(transport=AppTransport(app), base_url=ORIGIN) as client:
        yield client
    app.state.service.reader.close()


def claims(**changed: Any) -> dict[str, Any]:
    told = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ada",
        "exp": datetime.now(UTC) + timedelta(minutes=5),
        "realm_access": {"roles": ["staff", "admin"]},
        "courses": ["algebra"],
    } | changed
    return {name: value for name, value in told.items() if value is not None}


def signed(key: Any = RSA, algorithm: str = "RS256", kid: str = "rsa", **changed: Any) -> str:
    return jwt.encode(claims(**changed), key, algorithm, {"kid": kid})


def ask(site: httpx.Client, token: str, path: str) -> httpx.Response:
    return site.get(f"{API}/{path}", headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("keys", [(RSA, "RS256", "rsa"), (EC, "ES256", "ec")])
def test_an_admin_of_the_provider_reads_the_courses_of_his_claim_and_no_other(
    site: httpx.Client, keys: tuple[Any, str, str]
) -> None:
    token = signed(*keys)
    for path in PATHS:
        answer = ask(site, token, path)
        assert answer.status_code in (200, 404), (path, answer.text)
        assert "botany" not in answer.text
    assert [one["courseId"] for one in ask(site, token, "courses").json()["courses"]] == ["algebra"]
    for path in ("course/botany", "funnel/botany", "course/botany/lesson/0", "signals?courseId=botany"):
        assert ask(site, token, path).status_code == 403


FORGED: dict[str, Callable[[], str]] = {
    "unsigned": lambda: jwt.encode(claims(), "", "none", {"kid": "rsa"}),
    "signed with another key": lambda: signed(OTHER_RSA),
    "of an unknown key": lambda: signed(OTHER_RSA, kid="other"),
    "without a key id": lambda: jwt.encode(claims(), RSA, "RS256"),
    "with the public key as a shared secret": lambda: jwt.encode(
        claims(), str(RSA.public_key().public_numbers().n) * 2, "HS256", {"kid": "rsa"}
    ),
    "for another service": lambda: signed(aud="elsewhere"),
    "for no service": lambda: signed(aud=None),
    "of another issuer": lambda: signed(iss="https://id.example.com"),
    "expired": lambda: signed(exp=datetime.now(UTC) - timedelta(minutes=1)),
    "without an end": lambda: signed(exp=None),
    "not valid yet": lambda: signed(nbf=datetime.now(UTC) + timedelta(minutes=5)),
    "of nobody": lambda: signed(sub=None),
    "of no admin": lambda: signed(realm_access={"roles": ["learner"]}),
    "without roles": lambda: signed(realm_access=None),
    "cut short": lambda: signed()[:-8],
    "no token at all": lambda: "a.b.c",
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_token_that_is_not_an_admins_opens_nothing(site: httpx.Client, kind: str) -> None:
    token = FORGED[kind]()
    for path in PATHS:
        answer = ask(site, token, path)
        assert answer.status_code == 401, (path, answer.text)
        assert "algebra" not in answer.text
    form = site.post("/signin", data={"token": token}, headers={"Origin": ORIGIN})
    assert (form.status_code, "set-cookie" in form.headers) == (401, False)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("for another service", "InvalidAudienceError"),
        ("of an unknown key", "the provider publishes no key of its id"),
        ("of no admin", "its claim realm_access.roles does not hold admin"),
    ],
)
def test_the_log_says_why_a_token_is_refused_and_not_whose_it_is(
    site: httpx.Client, kind: str, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    token = FORGED[kind]()
    ask(site, token, "courses")
    output = "".join(capfd.readouterr())
    assert reason in output
    assert token not in output
    assert "ada" not in output


def test_a_changed_claim_breaks_the_signature(site: httpx.Client) -> None:
    head, _, signature = signed().split(".")
    _, body, _ = signed(courses=["algebra", "botany"]).split(".")
    assert ask(site, f"{head}.{body}.{signature}", "courses").status_code == 401


def test_who_is_restricted_by_a_claim_but_has_none_reads_nothing(site: httpx.Client) -> None:
    token = signed(courses=None)
    assert ask(site, token, "courses").json()["courses"] == []
    assert ask(site, token, "signals").json()["signals"] == []
    assert ask(site, token, "course/algebra").status_code == 403


def test_keys_are_fetched_once_and_for_unknown_ids_only_now_and_then(
    site: httpx.Client, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        assert ask(site, signed(), "courses").status_code == 200
        assert ask(site, signed(kid="unknown"), "courses").status_code == 401
    assert provider.asked == 1
    provider.keys.append(provider.keys[0] | {"kid": "new"})
    monkeypatch.setattr(identity, "RETRY_SECONDS", 0)
    assert ask(site, signed(kid="new"), "courses").status_code == 200
    assert provider.asked == 2


def test_while_the_provider_is_away_its_keys_hold_and_without_them_the_answer_is_503(
    site: httpx.Client, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "RETRY_SECONDS", 0)
    provider.status = 500
    answer = ask(site, signed(), "courses")
    assert (answer.status_code, "keys cannot be had" in answer.json()["detail"]) == (503, True)
    assert "retry-after" in answer.headers
    provider.status = 200
    assert ask(site, signed(), "courses").status_code == 200
    provider.status = 500
    assert ask(site, signed(), "courses").status_code == 200


def test_with_a_token_of_the_provider_people_sign_in_for_their_courses(site: httpx.Client) -> None:
    form = site.post("/signin", data={"token": signed(), "next": "/"}, headers={"Origin": ORIGIN})
    assert form.status_code == 303
    page = site.get("/")
    assert page.status_code == 200
    assert "algebra" in page.text
    assert "botany" not in page.text
    assert site.get("/course/botany").status_code == 403


def test_a_sign_in_ends_with_the_token_that_it_rests_on(
    site: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "LEEWAY_SECONDS", 60)
    over = signed(exp=datetime.now(UTC) - timedelta(seconds=5))
    assert site.post("/signin", data={"token": over}, headers={"Origin": ORIGIN}).status_code == 303
    assert site.get("/").status_code == 303


def test_half_a_provider_is_no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANALYTICS_OIDC_ISSUER", ISSUER)
    with pytest.raises(WrongSettingError, match="set all three, or none"):
        load_settings()
