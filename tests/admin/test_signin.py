"""The dashboard's sign-in: a cookie for a token, and nothing for anybody else."""

import httpx
import pytest
from sqlalchemy import create_engine

from analytics_pipeline.admin.auth.sessions import COOKIE
from analytics_pipeline.admin.auth.tokens import revoke_token
from analytics_pipeline.database.urls import sqlalchemy_url
from tests.admin.conftest import ORIGIN, Token
from tests.conftest import Database

OWN = {"Origin": ORIGIN}

pytestmark = pytest.mark.usefixtures("algebra")


def sign_in(browser: httpx.Client, secret: str, target: str = "/", **headers: str) -> httpx.Response:
    return browser.post("/signin", data={"token": secret, "next": target}, headers=headers or OWN)


def test_a_page_leads_to_sign_in_and_back(anonymous: httpx.Client, token: Token) -> None:
    for path, status in (
        ("/", 200),
        ("/course/algebra", 200),
        ("/course/nothing", 404),
        ("/definitions", 200),
    ):
        refused = anonymous.get(path, params={"range": "30"})
        assert refused.status_code == 303
        assert "algebra" not in refused.text
        form = anonymous.get(refused.headers["location"])
        assert form.status_code == 200
        answer = sign_in(anonymous, token.secret, f"{path}?range=30")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?range=30")
        assert anonymous.get(path).status_code == status
        anonymous.cookies.clear()


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(anonymous: httpx.Client, token: Token) -> None:
    cookie = sign_in(anonymous, token.secret).headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    assert token.secret not in cookie
    behind_tls = sign_in(anonymous, token.secret, **OWN, **{"X-Forwarded-Proto": "https"})
    assert "Secure" in behind_tls.headers["set-cookie"]


def test_a_wrong_token_is_told_on_the_form(anonymous: httpx.Client) -> None:
    answer = sign_in(anonymous, "adm_" + "a" * 43)
    assert answer.status_code == 401
    assert "The token is unknown, revoked or expired." in answer.text
    assert COOKIE not in anonymous.cookies


def test_a_form_from_elsewhere_signs_nobody_in_or_out(anonymous: httpx.Client, token: Token) -> None:
    foreign: tuple[dict[str, str], ...] = (
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN},
        {"Accept": "*/*"},
    )
    for headers in foreign:
        assert sign_in(anonymous, token.secret, **headers).status_code == 403
        assert COOKIE not in anonymous.cookies
        assert anonymous.post("/signout", headers=headers).status_code == 403


def test_signing_out_removes_the_cookie(anonymous: httpx.Client, token: Token) -> None:
    sign_in(anonymous, token.secret)
    assert anonymous.get("/").status_code == 200
    assert anonymous.post("/signout", headers=OWN).status_code == 303
    assert anonymous.get("/").status_code == 303


def test_a_revoked_token_ends_its_sessions(anonymous: httpx.Client, token: Token, database: Database) -> None:
    sign_in(anonymous, token.secret)
    engine = create_engine(sqlalchemy_url(database.urls.pipeline))
    with engine.begin() as connection:
        revoke_token(connection, token.id)
    engine.dispose()
    assert anonymous.get("/").status_code == 303


def test_a_forged_cookie_opens_nothing(anonymous: httpx.Client, token: Token) -> None:
    for forged in (token.id, f'"{token.id}".x.y', token.secret):
        anonymous.cookies.set(COOKIE, forged)
        assert anonymous.get("/").status_code == 303
        anonymous.cookies.clear()


def test_a_cookie_does_not_open_the_api(anonymous: httpx.Client, token: Token) -> None:
    sign_in(anonymous, token.secret)
    assert anonymous.get("/api/admin/analytics/courses").status_code == 401
