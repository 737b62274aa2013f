"""Instants as microseconds since the epoch, exactly."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(instant: datetime) -> int:
    """`instant` (aware) as microseconds since the epoch."""
    return (instant - _EPOCH) // _MICROSECOND


def instant_at(since_epoch: int) -> datetime:
    """The instant so many microseconds after the epoch, in UTC."""
    return _EPOCH + since_epoch * _MICROSECOND
