"""Who may read: a bearer token for the API, a token in a form for the dashboard's sign-in."""

import time
from http import HTTPStatus
from math import ceil
from typing import Annotated

from fastapi import Depends, Request

from analytics_pipeline.admin.auth.identity import RETRY_SECONDS, NotAcceptedError, ProviderAwayError
from analytics_pipeline.admin.auth.tokens import check_token
from analytics_pipeline.admin.auth.viewer import Viewer
from analytics_pipeline.admin.problems import ProblemError
from analytics_pipeline.admin.service import Service, ServiceOf
from analytics_pipeline.logs import logger

# One a second on the long run: enough for a person who mistypes, too little to hammer the database.
FAILURES_PER_SECOND, FAILURES_AT_ONCE = 1.0, 20.0
REQUESTS_PER_SECOND, REQUESTS_AT_ONCE = 200.0, 400.0

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="analytics"'}


def too_fast(seconds: float) -> ProblemError:
    """The refusal of somebody who has to wait that long."""
    return ProblemError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many requests; wait and try again.",
        {"Retry-After": str(max(1, ceil(seconds)))},
    )


def admit(service: Service, request: Request, token: str) -> Viewer:
    """Whoever holds the token; ProblemError 401, 429 where the address has failed too often, or 503.

    The token is looked at first and failures are counted after: behind a proxy many people share an
    address, and one script with a revoked token must not lock all of them out.
    """
    reason = None
    try:
        viewer = _holder(service, token)
    except NotAcceptedError as error:
        viewer, reason = None, str(error)
    if viewer is None:
        address = request.client.host if request.client else "unknown"
        if wait := service.failures.wait(address, time.monotonic()):
            raise too_fast(wait)
        if reason is not None:
            # Not in the answer: whoever tries tokens is told nothing.
            logger.warning("provider_token_refused", reason=reason)
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "The token is unknown, revoked or expired.", _CHALLENGE)
    if wait := service.requests.wait(viewer.id, time.monotonic()):
        raise too_fast(wait)
    return viewer


def _holder(service: Service, token: str) -> Viewer | None:
    """Whoever holds the token, if anybody does; NotAcceptedError, ProblemError 503."""
    if service.identities is None or token.count(".") != 2:
        return service.reader.look_up(lambda connection: check_token(connection, token))
    try:
        return service.identities.viewer(token)
    except ProviderAwayError as error:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "The identity provider's keys cannot be had now, so that no token of it can be checked.",
            {"Retry-After": str(RETRY_SECONDS)},
        ) from error


def _bearer(request: Request, service: ServiceOf) -> Viewer:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "Send a token as `Authorization: Bearer …`.", _CHALLENGE)
    return admit(service, request, token.strip())


Caller = Annotated[Viewer, Depends(_bearer)]
