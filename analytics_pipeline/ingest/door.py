"""POST /api/analytics/event: from a request to a commit to a 202. Raw ASGI, since every event passes here."""

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus

from msgspec import Struct

from analytics_pipeline.events import Rejection
from analytics_pipeline.ingest.admission import Admission, admit
from analytics_pipeline.ingest.allowance import Allowance
from analytics_pipeline.ingest.answers import (
    Header,
    Receive,
    RefusedError,
    Scope,
    Send,
    send_empty,
    send_json,
    send_refusal,
)
from analytics_pipeline.ingest.body import ClientGoneError, Memory, gunzip, read_body
from analytics_pipeline.ingest.connection import DatabaseAwayError
from analytics_pipeline.ingest.envelope import BadBodyError
from analytics_pipeline.ingest.intake import Reception, Rules
from analytics_pipeline.ingest.keyring import Key, KeyRing
from analytics_pipeline.ingest.limits import Limits, Payers
from analytics_pipeline.ingest.metrics import Metrics
from analytics_pipeline.ingest.quarantine import QuarantinedEvent
from analytics_pipeline.ingest.refusal_log import RefusalLog
from analytics_pipeline.ingest.request import Head, cors_headers, preflight_headers, read_head, read_key
from analytics_pipeline.ingest.submission import Submission
from analytics_pipeline.ingest.writer import Writer
from analytics_pipeline.instants import microseconds
from analytics_pipeline.logs import describe, logger
from analytics_pipeline.settings import Settings


class Answer(Struct):
    """The body of a 202: what was stored, and what was not."""

    accepted: int
    rejected: Sequence[Rejection]


class Door:
    """Lets events in. Holds what all requests of a process share."""

    def __init__(
        self, settings: Settings, rules: Rules, keys: KeyRing, writer: Writer, metrics: Metrics
    ) -> None:
        self._rules = rules
        self._keys = keys
        self._writer = writer
        self._metrics = metrics
        self._memory = Memory(settings.ingest_bytes_in_flight)
        self._limits = Limits(settings.ingest_address_limit, settings.ingest_proxies)
        self._allowance = Allowance()
        self._refusals = RefusalLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for EVENT_PATH. 202 is said after the commit and never before."""
        key: Key | None = None
        cors: list[Header] = []
        try:
            if scope["method"] == "OPTIONS":
                await send_empty(send, HTTPStatus.NO_CONTENT, await self._preflight(scope))
                return
            head = read_head(scope)
            key = await self._key_for(head)
            cors = cors_headers(head.origin)
            await send_json(send, HTTPStatus.ACCEPTED, await self._store(head, key, receive), cors)
        except RefusedError as refused:
            self._metrics.refused(refused.status, refused.code)
            self._refusals.write(refused.status, refused.code, key.id if key is not None else None)
            await send_refusal(send, refused, cors)
        except ClientGoneError:
            self._metrics.refused(499, "client_gone")
        except Exception as error:  # its text may quote an event: it must not reach the server's log
            self._metrics.refused(HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected")
            logger.error("unexpected", **describe(error))
            await send_json(send, HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "Something went wrong."}, cors)

    async def _preflight(self, scope: Scope) -> list[Header]:
        """A page asks whether it may send; unless its query names the key, any key of its origin will do."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        text = read_key(None, scope["query_string"])
        if text is not None:
            key = await self._find(text)
            allowed = key is not None and origin in key.origins
        else:
            allowed = self._keys.knows_origin(origin)
        if not allowed:
            raise RefusedError(HTTPStatus.FORBIDDEN, "origin", "No write key may be used from this origin.")
        return preflight_headers(origin)

    async def _key_for(self, head: Head) -> Key:
        if head.key is None:
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED, "no_key", "Send a write key in the header X-Write-Key or as ?key=."
            )
        key = await self._find(head.key)
        if key is None:
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED, "unknown_key", "This write key does not exist or was revoked."
            )
        if (head.origin not in key.origins) if key.origins else (head.origin is not None):
            sentence = (
                "This write key may not be used from this origin."
                if key.origins
                else "This write key is for servers; web pages need a key with their origin."
            )
            raise RefusedError(HTTPStatus.FORBIDDEN, "origin", sentence)
        return key

    async def _find(self, text: str) -> Key | None:
        try:
            return await self._keys.find(text)
        except DatabaseAwayError as error:
            raise _database_away() from error

    async def _store(self, head: Head, key: Key, receive: Receive) -> Answer:
        payers = self._limits.payers(key, head)
        self._limits.check(payers)
        try:
            with self._memory.hold() as held:
                body = await read_body(receive, held, head.length)
                body_bytes = len(body)
                plain = gunzip(body, held) if head.gzipped else body
                admission, received_at = self._admit(plain, key, payers)
                kept = self._kept(key, admission)
                await self._writer.store(Submission(received_at, body_bytes, admission.days, kept))
        except DatabaseAwayError as error:
            raise _database_away() from error
        finally:
            self._metrics.bytes_held.set(self._memory.used)
        return Answer(admission.accepted, admission.rejections)

    def _kept(self, key: Key, admission: Admission) -> Sequence[QuarantinedEvent]:
        if not admission.quarantine:
            return ()
        kept = self._allowance.keep(key.id, admission.quarantine)
        if not kept:
            self._metrics.not_kept(admission.quarantine)
        return kept

    def _admit(self, body: bytes, key: Key, payers: Payers) -> tuple[Admission, datetime]:
        received_at = datetime.now(UTC)
        events = 1
        try:
            admission = admit(body, Reception(key.id, microseconds(received_at)), self._rules)
            events = admission.accepted + len(admission.rejections)
        except BadBodyError as error:
            raise RefusedError(error.status, "bad_body", str(error)) from error
        finally:
            self._limits.spend(payers, events)
        return admission, received_at


def _database_away() -> RefusedError:
    return RefusedError(
        HTTPStatus.SERVICE_UNAVAILABLE, "database_away", "The database is away; nothing was stored.", 2
    )
