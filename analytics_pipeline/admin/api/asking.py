"""One request to the API: who asks, and how he is answered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response

from analytics_pipeline.admin.answers.base import Answer
from analytics_pipeline.admin.api.kept import body_of
from analytics_pipeline.admin.auth.access import Caller
from analytics_pipeline.admin.auth.viewer import Viewer
from analytics_pipeline.admin.reading.publication import NOTHING_PUBLISHED
from analytics_pipeline.admin.reading.view import View
from analytics_pipeline.admin.service import Service, ServiceOf


@dataclass(frozen=True)
class Asking:
    """A request of somebody who may read."""

    request: Request
    service: Service
    viewer: Viewer

    def answer(self, read: Callable[[View], Answer], *, until_published: bool = True) -> Response:
        """The answer as JSON, or 304 where the client holds it already.

        It stands until something is published, and is kept as long, unless `until_published` is false.
        """
        request = self.request
        key = (request.url.path, request.url.query, self.viewer.courses)
        with self.service.view(self.viewer) as view:
            body = self.service.kept.get(key, view.publication) if until_published else None
            if body is None:
                body = body_of(read(view).model_dump_json(by_alias=True).encode())
                if until_published and view.publication != NOTHING_PUBLISHED:
                    self.service.kept.keep(key, view.publication, body)
        headers = {"ETag": body.etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
        if is_held(body.etag, request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=headers)
        return Response(body.content, media_type="application/json", headers=headers)


def is_held(etag: str, if_none_match: str) -> bool:
    """Whether the client's If-None-Match names the ETag; gzip on the way makes it a weak one."""
    names = {name.strip().removeprefix("W/") for name in if_none_match.split(",")}
    return etag in names or "*" in names


async def _asking(request: Request, service: ServiceOf, caller: Caller) -> Asking:
    return Asking(request, service, caller)


AskingOf = Annotated[Asking, Depends(_asking)]
