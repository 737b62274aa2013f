"""How errors are answered: problem details for the API, a page for the dashboard."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from analytics_pipeline.admin.answers.ranges import WrongRangeError
from analytics_pipeline.admin.dashboard.rendering import error_page
from analytics_pipeline.admin.problems import ProblemError, problem_response
from analytics_pipeline.admin.reading.course import UnknownCourseError, UnknownLessonError
from analytics_pipeline.admin.reading.cursors import WrongCursorError
from analytics_pipeline.admin.reading.view import ForbiddenCourseError

NOT_FOUND = "There is nothing at this address."
FAILED = "The service failed to answer; its log says why."


def _answer(
    request: Request,
    status: HTTPStatus,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> Response:
    if request.url.path.startswith(("/api/", "/readyz", "/metrics")):
        return problem_response(status, detail, headers, **members)
    return error_page(status, detail, headers)


def install_error_answers(app: FastAPI) -> None:
    """Let `app` answer every error in our words."""

    @app.exception_handler(ProblemError)
    def problem(request: Request, error: ProblemError) -> Response:
        return _answer(request, error.status, error.detail, error.headers)

    @app.exception_handler(UnknownCourseError)
    @app.exception_handler(UnknownLessonError)
    def unknown(request: Request, error: Exception) -> Response:
        return _answer(request, HTTPStatus.NOT_FOUND, str(error))

    @app.exception_handler(ForbiddenCourseError)
    def forbidden(request: Request, error: ForbiddenCourseError) -> Response:
        return _answer(request, HTTPStatus.FORBIDDEN, str(error))

    @app.exception_handler(WrongRangeError)
    @app.exception_handler(WrongCursorError)
    def wrong_value(request: Request, error: Exception) -> Response:
        return _answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, str(error))

    @app.exception_handler(RequestValidationError)
    def wrong_parameter(request: Request, error: RequestValidationError) -> Response:
        errors = [{"parameter": str(one["loc"][-1]), "detail": one["msg"]} for one in error.errors()]
        first = errors[0]
        detail = f"The parameter {first['parameter']} cannot be used: {first['detail']}."
        return _answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        detail = NOT_FOUND if status is HTTPStatus.NOT_FOUND else f"{status.phrase}."
        return _answer(request, status, detail, error.headers)

    @app.exception_handler(Exception)
    def failed(request: Request, error: Exception) -> Response:  # noqa: ARG001  # the server logs it
        return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, FAILED)
