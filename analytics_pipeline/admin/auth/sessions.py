"""The dashboard's sign-in: a signed cookie that names a token, and the checks that make it CSRF-safe."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from analytics_pipeline.admin.auth.viewer import Viewer

COOKIE = "analytics_session"
MAX_AGE_SECONDS = 12 * 3600


class Sessions:
    """Sign-ins of at most 12 hours, and no longer than the access that they rest on.

    The token behind one is looked up anew at every request. Where an identity provider vouched, the signed
    cookie itself says for whom, for which courses and until when.
    """

    def __init__(self, key: str) -> None:
        self._serializer = URLSafeTimedSerializer(key, salt="analytics admin session 2")

    def open(self, response: Response, viewer: Viewer, *, secure: bool) -> None:
        """Let `response` set the cookie that stands for `viewer`."""
        response.set_cookie(
            COOKIE,
            self._serializer.dumps(_as_json(viewer)),
            max_age=MAX_AGE_SECONDS,
            httponly=True,
            samesite="strict",
            secure=secure,
        )

    def close(self, response: Response) -> None:
        """Let `response` remove the cookie."""
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")

    def viewer(self, request: Request) -> Viewer | None:
        """For whom the request's cookie stands; None without a genuine, fresh cookie.

        A viewer with a token is only named: his courses, and whether he may still read, are for the database
        to say.
        """
        try:
            kept = self._serializer.loads(request.cookies.get(COOKIE, ""), max_age=MAX_AGE_SECONDS)
        except BadSignature:
            return None
        viewer = _from_json(kept)
        if viewer.expires_at is not None and viewer.expires_at <= datetime.now(UTC):
            return None
        return viewer


def _as_json(viewer: Viewer) -> dict[str, object]:
    if viewer.token_id is not None:
        return {"token": viewer.token_id}
    return {
        "name": viewer.name,
        "courses": None if viewer.courses is None else sorted(viewer.courses),
        "until": viewer.expires_at.timestamp() if viewer.expires_at else None,
    }


def _from_json(kept: Any) -> Viewer:
    if "token" in kept:
        return Viewer("", frozenset(), token_id=kept["token"])
    courses = None if kept["courses"] is None else frozenset(kept["courses"])
    until = None if kept["until"] is None else datetime.fromtimestamp(kept["until"], UTC)
    return Viewer(kept["name"], courses, expires_at=until)


def is_secure(request: Request) -> bool:
    """Whether the person came over TLS, here or at a proxy before us.

    A client that lies in the header only gets a cookie that its own browser will not send.
    """
    return request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"


def is_same_origin(headers: Headers) -> bool:
    """Whether a form was posted from one of our own pages, as browsers tell; False where they do not."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == headers.get("host")


def local_path(target: str | None) -> str:
    """`target` where it is a path of this site, else the list of courses: sign-in leads nowhere else."""
    if (
        target
        and target.startswith("/")
        and not target.startswith("//")
        and target.isprintable()
        and "\\" not in target
    ):
        return target
    return "/"
