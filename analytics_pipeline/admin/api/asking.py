"""One request to the API: who asks, and how he is answered."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request, Response

from analytics_pipeline.admin.answers.base import Answer
from analytics_pipeline.admin.auth.access import Caller
from analytics_pipeline.admin.auth.viewer import Viewer
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.admin.service import Service, ServiceOf


@dataclass(frozen=True)
class Asking:
    """A request of somebody who may read."""

    request: Request
    service: Service
    viewer: Viewer

    def answer(self, read: Callable[[View], Answer]) -> Response:
        """The answer as JSON with an ETag, so that asking again before the next publication costs little."""
        with self.service.view(self.viewer) as view:
            body = read(view).model_dump_json(by_alias=True).encode()
        headers = {"ETag": f'"{sha256(body).hexdigest()[:32]}"', "Cache-Control": "private, no-cache"}
        if headers["ETag"] in self.request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)


def _asking(request: Request, service: ServiceOf, caller: Caller) -> Asking:
    return Asking(request, service, caller)


AskingOf = Annotated[Asking, Depends(_asking)]
