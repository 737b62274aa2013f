"""What the routes work with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from analytics_pipeline.admin.api.kept import KeptAnswers
from analytics_pipeline.admin.auth.identity import Identities
from analytics_pipeline.admin.auth.sessions import Sessions
from analytics_pipeline.admin.auth.viewer import Viewer
from analytics_pipeline.admin.limits import Limiter
from analytics_pipeline.admin.reading.database import Reader
from analytics_pipeline.admin.reading.publication import last_publication
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.admin.rules import Rules


@dataclass(frozen=True)
class Service:
    """The parts that the routes of one application share."""

    reader: Reader
    rules: Rules
    sessions: Sessions
    requests: Limiter
    failures: Limiter
    kept: KeptAnswers
    identities: Identities | None
    scrapes: Limiter

    @contextmanager
    def view(self, viewer: Viewer) -> Iterator[View]:
        """What `viewer` may see of one publication; 503 where the database is away."""
        with self.reader.snapshot() as connection:
            yield View(connection, self.rules, viewer.courses, last_publication(connection))


async def _service(request: Request) -> Service:
    return cast("Service", request.app.state.service)


ServiceOf = Annotated[Service, Depends(_service)]
