"""Where the API answers, and how it is asked for an answer."""

from typing import Any

import httpx

API = "/api/admin/analytics"
PATHS = (
    "courses",
    "course/algebra",
    "course/algebra/lesson/0",
    "funnel/algebra",
    "signals",
    "runs",
    "revisions",
    "definitions",
)


def ask(client: httpx.Client, path: str, **parameters: Any) -> Any:
    answer = client.get(f"{API}/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()
