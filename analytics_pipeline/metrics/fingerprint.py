"""Fingerprints of definitions, by which it is told that a number moved because its definition did.

A fingerprint is of what computes, not of what explains: comments and spacing do not count.
"""

import hashlib
import json
from collections.abc import Mapping

from analytics_pipeline.metrics.models import COHORT, DAILY, LEARNER_DAYS


def fingerprint(*models: str, given: Mapping[str, object] | None = None) -> str:
    """The fingerprint of some SQL models together with what is given to them."""
    code = [line for sql in models for line in sql.splitlines() if not line.lstrip().startswith("--")]
    text = " ".join(" ".join(code).split()) + json.dumps(given or {}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


LEARNER_DAY = fingerprint(LEARNER_DAYS)
"""Of the learner days of a day."""

PUBLISHED_DAY = fingerprint(LEARNER_DAYS, *(model.sql for model in DAILY))
"""Of the published rows of a day."""


def cohort_fingerprint(given: Mapping[str, object]) -> str:
    """Of the cohort tables: their models, and the windows, thresholds and required lessons given to them."""
    return fingerprint(LEARNER_DAYS, *(model.sql for model in COHORT), given=given)
