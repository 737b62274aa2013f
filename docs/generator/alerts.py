"""The alerts and the metrics that they rest on, from the rules and from the two services."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from analytics_pipeline.admin.monitoring.questions import QUESTIONS
from analytics_pipeline.ingest.metrics import Metrics
from analytics_pipeline.markdown import markdown_table
from docs.generator.markdown import page, section

RULES = Path(__file__).parents[2] / "ops" / "prometheus" / "alerts.yml"
COLUMNS = ("Metric", "Kind", "Labels", "Meaning")


def alerts_page() -> str:
    """Every alert, and every metric of both services."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return page(
        "Alerts and metrics",
        "The alerts of `ops/prometheus/alerts.yml`, and what `/metrics` of the two services holds. What to "
        "do about each alert stands in [the playbook](../../ops/playbook.md).",
        *(_alert(rule) for group in groups for rule in group["rules"]),
        section(
            "Metrics of the admin service",
            "Asked of the database at each scrape: they are those of the site, whichever process answers.",
            markdown_table(COLUMNS, _admin_metrics()),
        ),
        section(
            "Metrics of the ingest service",
            "Counted by its worker processes since their start, and summed over them.",
            markdown_table(COLUMNS, _ingest_metrics()),
        ),
    )


def _alert(rule: dict[str, Any]) -> str:
    notes = rule["annotations"]
    return section(
        rule["alert"],
        notes["description"],
        f"Fires as *{rule['labels']['severity']}* when this has held for {rule['for']}:",
        f"```promql\n{rule['expr'].strip()}\n```",
        f"[What to do](../../{notes['runbook']})",
    )


def _admin_metrics() -> Iterator[tuple[str, str, str, str]]:
    for question in QUESTIONS:
        labels = ", ".join(f"`{label}`" for label in question.labels)
        for metric in question.metrics:
            yield f"`{metric.full_name}`", metric.kind, labels, metric.help


def _ingest_metrics() -> Iterator[tuple[str, str, str, str]]:
    metrics = Metrics()
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        if family.name.endswith("_created"):
            continue
        name = f"{family.name}_total" if family.type == "counter" else family.name
        by = re.search(r"by (\w+)\.$", family.documentation)
        yield f"`{name}`", family.type, f"`{by[1]}`" if by else "", family.documentation
