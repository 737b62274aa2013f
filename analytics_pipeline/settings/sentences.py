"""What is wrong with a setting, in one sentence of ours instead of its parser's words."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

_WORDS = {
    "int_parsing": "it is no whole number",
    "int_from_float": "it is no whole number",
    "float_parsing": "it is no number",
    "greater_than": "it must be more than {gt:g}",
    "greater_than_equal": "it must be at least {ge}",
    "less_than": "it must be less than {lt:g}",
    "less_than_equal": "it must be at most {le}",
    "literal_error": "write {expected}",
    "too_short": "it has fewer than {min_length} characters; take the output of openssl rand -hex 32",
    "dict_type": "it is no JSON object",
    "extra_forbidden": "there is no such name",
}
"""By the kind that pydantic gives an error."""


def sentence_of(error: ValidationError | SettingsError) -> str:
    """The sentence on the first setting that cannot be used."""
    if isinstance(error, SettingsError):
        field = re.search(r'field "(\w+)"', str(error))
        return f"{_variable(field[1]) if field else 'A setting'} cannot be used: it is no JSON object."
    first = error.errors()[0]
    place = first["loc"]
    name = _variable(str(place[0])) if place else "the settings"
    within = "".join(f"{part}: " for part in place[1:])
    return f"{name} cannot be used: {within}{_reason(first['type'], first.get('ctx', {}), first['msg'])}."


def _variable(field: str) -> str:
    return f"ANALYTICS_{field.upper()}"


def _reason(kind: str, context: Mapping[str, Any], message: str) -> str:
    if kind.startswith("date"):
        return "it is no day; write it like 2026-01-31"
    if kind in _WORDS:
        return _WORDS[kind].format(**context)
    return message.removeprefix("Value error, ")
