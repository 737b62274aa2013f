"""The dashboard's sign-in: a signed cookie that names a token, and the checks that make it CSRF-safe."""

from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

COOKIE = "analytics_session"
MAX_AGE_SECONDS = 12 * 3600


class Sessions:
    """Sign-ins of at most 12 hours. The token behind one is looked up anew at every request."""

    def __init__(self, key: str) -> None:
        self._serializer = URLSafeTimedSerializer(key, salt="analytics admin session")

    def open(self, response: Response, token_id: str, *, secure: bool) -> None:
        """Let `response` set the cookie that stands for the token."""
        response.set_cookie(
            COOKIE,
            self._serializer.dumps(token_id),
            max_age=MAX_AGE_SECONDS,
            httponly=True,
            samesite="strict",
            secure=secure,
        )

    def close(self, response: Response) -> None:
        """Let `response` remove the cookie."""
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")

    def token_id(self, request: Request) -> str | None:
        """The id of the token that the request's cookie stands for; None without a genuine, fresh cookie."""
        try:
            token_id = self._serializer.loads(request.cookies.get(COOKIE, ""), max_age=MAX_AGE_SECONDS)
        except BadSignature:
            return None
        return token_id if isinstance(token_id, str) else None


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
