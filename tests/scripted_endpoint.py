"""An event endpoint that answers as it is told, for what the real service says seldom."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec


@dataclass(frozen=True)
class Reply:
    """What to answer; `status` 0 hangs up without an answer, although the request was read."""

    status: int
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


HANG_UP = Reply(0)


@dataclass
class Endpoint:
    """Answers with `script`, one after another; then accepts everything. Keeps what it was sent."""

    url: str
    script: list[Reply]
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events of all requests."""
        return [event for body in self.bodies for event in body["events"]]

    def receive(self, body: dict[str, Any], headers: dict[str, str]) -> Reply:
        with self.lock:
            self.bodies.append(body)
            self.headers.append(headers)
            reply = self.script.pop(0) if self.script else None
        self.may_answer.wait(30)
        return reply or Reply(202, {"accepted": len(body["events"]), "rejected": []})


@contextmanager
def scripted_endpoint(script: Sequence[Reply] = ()) -> Iterator[Endpoint]:
    """An endpoint on a free port of the loopback; it answers until `may_answer` is cleared."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(endpoint := Endpoint("", list(script))))
    server.daemon_threads = True
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}"
    endpoint.may_answer.set()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.may_answer.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _handler_of(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = msgspec.json.decode(self.rfile.read(int(self.headers["Content-Length"])))
            reply = endpoint.receive(body, {name.lower(): value for name, value in self.headers.items()})
            if reply.status == 0:
                self.close_connection = True
                return
            content = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(content)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
