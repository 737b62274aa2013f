"""Sign-in and sign-out of the dashboard."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from analytics_pipeline.admin.auth.access import admit
from analytics_pipeline.admin.auth.sessions import is_same_origin, is_secure, local_path
from analytics_pipeline.admin.auth.tokens import token_viewer
from analytics_pipeline.admin.auth.viewer import Viewer
from analytics_pipeline.admin.dashboard.rendering import page
from analytics_pipeline.admin.problems import ProblemError
from analytics_pipeline.admin.service import ServiceOf

router = APIRouter(include_in_schema=False)


class SignInNeededError(Exception):
    """The page is for people who have signed in."""


def _signed_in(request: Request, service: ServiceOf) -> Viewer:
    viewer = service.sessions.viewer(request)
    if viewer is not None and viewer.token_id is not None:
        token_id = viewer.token_id
        viewer = service.reader.look_up(lambda connection: token_viewer(connection, token_id))
    if viewer is None:
        raise SignInNeededError
    return viewer


SignedIn = Annotated[Viewer, Depends(_signed_in)]


def sign_in_redirect(request: Request) -> RedirectResponse:
    """To the sign-in page, and from there back to the page that was asked for."""
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/signin?next={quote(target, safe='')}", HTTPStatus.SEE_OTHER)


def _only_from_our_pages(request: Request) -> None:
    if not is_same_origin(request.headers):
        raise ProblemError(HTTPStatus.FORBIDDEN, "This form was not sent from a page of this site.")


def _form(
    target: str,
    problem: str | None = None,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    return page("signin.html", status, headers, signed_in=False, target=local_path(target), problem=problem)


@router.get("/signin")
def sign_in_page(target: Annotated[str, Query(alias="next", max_length=2000)] = "/") -> Response:
    """The form that asks for a token."""
    return _form(target)


@router.post("/signin", dependencies=[Depends(_only_from_our_pages)])
def sign_in(
    request: Request,
    service: ServiceOf,
    token: Annotated[str, Form(max_length=8000)] = "",
    target: Annotated[str, Form(alias="next", max_length=2000)] = "/",
) -> Response:
    """Exchange a token for a session cookie."""
    try:
        viewer = admit(service, request, token.strip())
    except ProblemError as error:
        if error.status not in (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS):
            raise
        return _form(target, error.detail, error.status, error.headers)
    response = RedirectResponse(local_path(target), HTTPStatus.SEE_OTHER)
    service.sessions.open(response, viewer, secure=is_secure(request))
    return response


@router.post("/signout", dependencies=[Depends(_only_from_our_pages)])
def sign_out(service: ServiceOf) -> Response:
    """Remove the session cookie."""
    response = RedirectResponse("/signin", HTTPStatus.SEE_OTHER)
    service.sessions.close(response)
    return response
