"""Draws Vega-Lite specifications as SVG that stands inline in a page."""

import json
import re
from functools import lru_cache
from html import escape

import vl_convert
from markupsafe import Markup

from analytics_pipeline.admin.dashboard.charts.parts import Spec

VEGA_LITE = "6.4"

_INVISIBLE_TEXT = re.compile(r'<text[^>]* opacity="0"[^>]*>[^<]*</text>')
_EMPTY_PATH = re.compile(r'<path [^>]*d="(?:M[-\d.,]+h[\d.]+v0h-[\d.]+Z|M0,0h0v0h0Z)?"[^>]*/>')
# What only Vega's own runtime reads, the family, which the page sets, and roles: the whole is one image.
_UNUSED = re.compile(
    r' (?:class|role|aria-\w+|pointer-events|font-family|stroke-miterlimit|opacity)="(?!0\.)[^"]*"'
)
_LONG_NUMBER = re.compile(r"(\d+\.\d)\d+")
_HEAD = re.compile(r'^<svg [^>]*viewBox="([^"]+)"[^>]*>')


def draw(spec: Spec, label: str) -> Markup:
    """The chart as an SVG element with `label` for those who do not see it.

    The same numbers are drawn once: a publication changes them, and nothing else does.
    """
    return _draw(json.dumps(spec, sort_keys=True), label)


def load_renderer() -> None:
    """Draw something, since the first drawing takes ten times as long as any other."""
    draw({"data": {"values": [{}]}, "mark": "point"}, "")


@lru_cache(maxsize=512)
def _draw(spec: str, label: str) -> Markup:
    # No base address is allowed: a specification can make the renderer fetch nothing.
    svg = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, allowed_base_urls=[])
    for pattern in (_INVISIBLE_TEXT, _EMPTY_PATH, _UNUSED):
        svg = pattern.sub("", svg)
    svg = _LONG_NUMBER.sub(r"\1", svg)

    def head(match: re.Match[str]) -> str:
        return f'<svg viewBox="{match[1]}" role="img" aria-label="{escape(label)}">'

    return Markup(_HEAD.sub(head, svg, count=1))  # noqa: S704  # drawn from our own specification
