"""Telling people: one plain message to every address of `ANALYTICS_ALERT_URLS`, by way of Apprise."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from analytics_pipeline.addresses import dagster_url
from analytics_pipeline.audit.job_run import JobRun, RunStatus
from analytics_pipeline.settings import Settings

LONGEST_REASON = 1000
"""Characters of a reason; a hundred failed days would not fit into a text message."""


@dataclass(frozen=True)
class Message:
    """What is sent."""

    title: str
    body: str


def message_of(run: JobRun, settings: Settings) -> Message:
    """What to say of a run that failed, or of a night that was skipped."""
    skipped = run.status is RunStatus.SKIPPED
    what = "night was skipped" if skipped else "run failed"
    reason = run.error or "no reason is known"
    if len(reason) > LONGEST_REASON:
        reason = f"{reason[:LONGEST_REASON]} …"
    where = dagster_url(settings) if skipped else f"{dagster_url(settings)}/runs/{run.run_id}"
    lines = [
        f"Run: {run.run_id}",
        f"Days: {run.partition or 'none'}",
        f"Reason: {reason}",
        f"Look: {where}, or `analytics runs`; what to do says ops/playbook.md.",
    ]
    return Message(f"Learner analytics: a {what}", "\n".join(lines))


def send(message: Message, settings: Settings, say: Callable[[str], object]) -> bool:
    """Send to every address; whether there is one that took it. Raises nothing.

    What failed is said without the address, which holds passwords.
    """
    if settings.alert_urls is None:
        return False
    # Apprise takes 0.3 s to import, and writes hosts and addresses to its log.
    import apprise  # noqa: PLC0415
    from apprise.utils.parse import parse_urls  # noqa: PLC0415

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    urls = settings.alert_urls.get_secret_value()
    addresses: list[str] = parse_urls(urls)  # type: ignore[no-untyped-call]
    taken = 0
    for number, address in enumerate(addresses, 1):
        which = f"Address {number} of {len(addresses)} in ANALYTICS_ALERT_URLS"
        try:
            service = apprise.Apprise.instantiate(address)
            if service is None:
                say(f"{which} is none that Apprise knows; see its list of services.")
            elif service.notify(title=message.title, body=message.body):
                taken += 1
            else:
                say(f"{which} did not take the message.")
        except Exception as error:  # whatever a service's plugin raises, the others are to hear of it
            say(f"{which} did not take the message ({type(error).__name__}).")
    return taken > 0
