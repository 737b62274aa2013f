"""Turns templates into pages."""

from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from analytics_pipeline.admin import words
from analytics_pipeline.admin.dashboard.drawing import draw
from analytics_pipeline.admin.dashboard.evidence import evidence_lines

HERE = Path(__file__).parent
STATIC = HERE / "static"


def _address(name: str) -> str:
    """The address of a static file; its version lets browsers keep it and still see a new one at once."""
    return f"/static/{name}?v={sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


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
        "instant": words.instant,
        "money": words.money,
        "days": words.days,
        "weeks": words.weeks,
        "evidence": evidence_lines,
        "code": _code,
        "span_of_days": words.span_of_days,
        "counted": words.counted,
        "segment": lambda text: quote(text, safe=""),
    }
    environment.globals |= {
        "draw": draw,
        "style": _address("style.css"),
        "script": _address("charts.js"),
        "dash": words.NONE,
    }
    return environment


def _code(text: str) -> Markup:
    """The text with what stands between backticks as code."""
    parts = (Markup("<code>{}</code>") if odd else Markup("{}") for odd in cycle((False, True)))
    return Markup("").join(part.format(words) for part, words in zip(parts, text.split("`"), strict=False))


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
    # No line ends between a number and its sign.
    html = html.replace(" %", "\N{NARROW NO-BREAK SPACE}%")
    return HTMLResponse(html, status.value, dict(headers or {}))


def error_page(status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """A page that says what went wrong."""
    return page("error.html", status, headers, signed_in=False, title=status.phrase, detail=detail)
