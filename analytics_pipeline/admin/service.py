"""What the routes work with."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from analytics_pipeline.admin.auth.sessions import Sessions
from analytics_pipeline.admin.limits import Limiter
from analytics_pipeline.admin.reading.database import Reader
from analytics_pipeline.admin.rules import Rules


@dataclass(frozen=True)
class Service:
    """The parts that the routes of one application share."""

    reader: Reader
    rules: Rules
    sessions: Sessions
    requests: Limiter
    failures: Limiter


def _service(request: Request) -> Service:
    return cast("Service", request.app.state.service)


ServiceOf = Annotated[Service, Depends(_service)]
