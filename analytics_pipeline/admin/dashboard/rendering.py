"""Turns templates into pages."""

from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from analytics_pipeline.admin import words
from analytics_pipeline.admin.dashboard.drawing import draw

HERE = Path(__file__).parent
STATIC = HERE / "static"

# In the address of the style sheet, so that browsers may keep it and still see a new one at once.
STYLE_VERSION = sha256((STATIC / "style.css").read_bytes()).hexdigest()[:12]


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": words.percent,
        "number": words.number,
        "day": words.day,
        "duration": words.duration,
        "interval": words.interval,
        "segment": lambda text: quote(text, safe=""),
    }
    environment.globals |= {"draw": draw, "style_version": STYLE_VERSION, "dash": words.NONE}
    return environment


_TEMPLATES = _environment()


def page(
    template: str,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    *,
    signed_in: bool = True,
    **values: Any,
) -> HTMLResponse:
    """The page that `template` makes of `values`."""
    html = _TEMPLATES.get_template(template).render(signed_in=signed_in, **values)
    return HTMLResponse(html, status.value, dict(headers or {}))


def error_page(status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """A page that says what went wrong."""
    return page("error.html", status, headers, signed_in=False, title=status.phrase, detail=detail)
