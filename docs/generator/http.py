"""The HTTP endpoints, from the OpenAPI documents that the two services answer."""

from collections.abc import Iterator
from typing import Any

from pydantic import SecretStr

from analytics_pipeline.admin.app import create_app
from analytics_pipeline.ingest.openapi import openapi
from analytics_pipeline.markdown import markdown_table
from analytics_pipeline.settings import Settings
from docs.generator.markdown import page, section

ADMIN_DOCUMENT, INGEST_DOCUMENT = "/api/admin/openapi.json", "/openapi.json"

_SETTINGS = Settings(
    admin_database_url=SecretStr("postgresql://nobody@127.0.0.1/nowhere"), session_key=SecretStr("-" * 32)
)
"""The application wants an address and a key; it uses neither to describe itself."""


def http_page() -> str:
    """Every endpoint of both services, with parameters and answers."""
    admin = create_app(_SETTINGS).openapi()
    return page(
        "HTTP",
        f"The ingest service answers its OpenAPI document at `{INGEST_DOCUMENT}`, the admin service at "
        f"`{ADMIN_DOCUMENT}`; the shapes of all answers stand there. Errors of the admin "
        "service are problem details (RFC 9457).",
        *_operations("Ingest", openapi()),
        *_operations("Admin", admin),
    )


def _operations(service: str, document: dict[str, Any]) -> Iterator[str]:
    for path, methods in sorted(document["paths"].items()):
        for method, operation in methods.items():
            yield section(
                f"{service}: `{method.upper()} {path}`",
                operation.get("description") or operation.get("summary", ""),
                _parameters(operation.get("parameters", [])),
                _answers(operation["responses"]),
            )


def _parameters(parameters: list[dict[str, Any]]) -> str:
    rows = [(f"`{each['name']}`", each["in"], each.get("description", "")) for each in parameters]
    return markdown_table(("Parameter", "In", "Meaning"), rows) if rows else ""


def _answers(responses: dict[str, Any]) -> str:
    return markdown_table(
        ("Status", "Meaning"), [(status, each.get("description", "")) for status, each in responses.items()]
    )
