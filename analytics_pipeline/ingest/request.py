"""What a request says about itself before its body: key, origin, address, encoding."""

from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple
from urllib.parse import parse_qs

from analytics_pipeline.ingest.answers import Header, RefusedError, Scope

_CONTENT_TYPES = {"application/json", "text/plain", ""}


class Head(NamedTuple):
    """The part of a request's head that decides what becomes of it."""

    key: str | None
    origin: str | None
    gzipped: bool
    length: int | None
    peer: str
    forwarded: bytes


def read_head(scope: Scope) -> Head:
    """Read the head; RefusedError 415 when the body is in no form that is understood.

    The key comes in the header X-Write-Key or, since beacons cannot set one, in the query as `key`.
    """
    headers: dict[bytes, bytes] = dict(scope["headers"])
    content_type = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    encoding = headers.get(b"content-encoding", b"identity").strip().lower()
    if content_type not in _CONTENT_TYPES or encoding not in {b"gzip", b"identity"}:
        raise RefusedError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "media_type",
            "Send application/json or text/plain, as it is or with Content-Encoding: gzip.",
        )
    client = scope.get("client")
    origin, length = headers.get(b"origin"), headers.get(b"content-length", b"")
    return Head(
        key=read_key(headers.get(b"x-write-key"), scope["query_string"]),
        origin=None if origin is None else origin.decode("latin-1"),
        gzipped=encoding == b"gzip",
        length=int(length) if length.isdigit() else None,
        peer=client[0] if client else "",
        forwarded=headers.get(b"x-forwarded-for", b""),
    )


def cors_headers(origin: str | None) -> list[Header]:
    """What lets a page of `origin` read the answer, Retry-After included."""
    if origin is None:
        return []
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", b"retry-after"),
        (b"vary", b"origin"),
    ]


def preflight_headers(origin: str) -> list[Header]:
    """What tells a browser that a page of `origin` may send events, for two hours."""
    return [
        *cors_headers(origin),
        (b"access-control-allow-methods", b"POST"),
        (b"access-control-allow-headers", b"content-type, content-encoding, x-write-key"),
        (b"access-control-max-age", b"7200"),
    ]


def read_key(header: bytes | None, query: bytes) -> str | None:
    """The write key that a request names, in its header or else its query."""
    if header is not None:
        return header.decode("latin-1")
    if not query:
        return None
    return parse_qs(query.decode("latin-1")).get("key", [None])[0]


def client_address(head: Head, proxies: int) -> str:
    """The client's address as the outermost trusted proxy saw it; of IPv6 the /64, which one client owns."""
    chain = [part.strip() for part in head.forwarded.decode("latin-1").split(",") if part.strip()]
    chain.append(head.peer)
    text = chain[-min(len(chain), proxies + 1)]
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if isinstance(address, IPv6Address):
        return str(IPv6Address(int(address) >> 64 << 64))
    return text
