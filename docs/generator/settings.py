"""The settings, from the class that reads them."""

from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from analytics_pipeline.markdown import markdown_table
from analytics_pipeline.settings import Settings
from docs.generator.markdown import page


def settings_page() -> str:
    """Variable, kind, default and meaning of every setting, in the order of their definition."""
    rows = [
        (f"`ANALYTICS_{name.upper()}`", _kind(field.annotation), _default(field), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return page(
        "Settings",
        "Every setting comes from the environment or from a `.env` file in the working folder. A wrong value "
        "stops a service at its start with one sentence. `analytics settings` shows the values in force, "
        "secrets masked.",
        markdown_table(("Variable", "Kind", "Default", "Meaning"), rows),
    )


def _kind(annotation: Any) -> str:
    """What to write, in a word."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return _kind(next(each for each in arguments if each is not type(None)))
    if origin is Literal:
        return " or ".join(f"`{each}`" for each in arguments)
    if origin is Annotated:
        return _kind(arguments[0])
    if origin is dict:
        return "JSON object"
    if annotation is SecretStr:
        return "secret"
    words = {"str": "text", "int": "whole number", "float": "number", "date": "day", "Path": "folder"}
    name = str(annotation.__name__)
    return words.get(name, name)


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    return "unset" if value in (None, {}, []) else f"`{value}`"
