"""Asks the admin service what a person would ask, and insists on numbers."""

from typing import Any

import httpx


class NoNumbersError(Exception):
    """The dashboard or the API answered without numbers; the message says which."""


def check_answers(url: str, token: str) -> list[str]:
    """Lines that tell what the API and the dashboard answered; NoNumbersError when one is empty."""
    with httpx.Client(base_url=url, timeout=30, headers={"Origin": url}) as client:
        api = {"Authorization": f"Bearer {token}"}
        courses = _json(client, "/api/admin/analytics/courses", api)["courses"]
        if not courses:
            raise NoNumbersError("The API lists no course.")
        course_id = courses[0]["courseId"]
        lines = [f"{line['courseId']}: {_number(line['learners'])} learners" for line in courses]
        overview = _json(client, f"/api/admin/analytics/course/{course_id}", api)
        funnel = _json(client, f"/api/admin/analytics/funnel/{course_id}", api)
        lines += [f"{course_id} has {len(overview['lessons'])} lessons and {len(funnel['funnels'])} funnels."]
        client.post("/signin", data={"token": token})
        page = client.get(f"/course/{course_id}").raise_for_status().text
        if course_id not in page or "<svg" not in page:
            raise NoNumbersError(f"The dashboard's page of {course_id} shows no chart.")
        lines.append(f"The dashboard's page of {course_id} has its charts ({len(page) // 1024} KiB).")
    return lines


def _json(client: httpx.Client, path: str, headers: dict[str, str]) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(path, headers=headers).raise_for_status().json()
    return answer


def _number(value: int | None) -> int:
    if not value:
        raise NoNumbersError("The API counts no learner in a course.")
    return value
