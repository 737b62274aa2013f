"""How often something may happen: a token bucket per name."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock


@dataclass
class _Bucket:
    level: float
    at: float


class Limiter:
    """Allows `burst` at once and `rate` a second on the long run, for each name apart.

    Names that were not seen for longest are forgotten beyond `names`, so that memory stays bounded.
    """

    def __init__(self, rate: float, burst: float, names: int = 10_000) -> None:
        self._rate = rate
        self._burst = burst
        self._names = names
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = Lock()

    def wait(self, name: str, now: float) -> float:
        """Take one; 0 where that was allowed, else the seconds until it will be. `now` is monotonic."""
        with self._lock:
            bucket = self._buckets.setdefault(name, _Bucket(self._burst, now))
            self._buckets.move_to_end(name)
            if len(self._buckets) > self._names:
                self._buckets.popitem(last=False)
            bucket.level = min(self._burst, bucket.level + (now - bucket.at) * self._rate)
            bucket.at = now
            if bucket.level >= 1:
                bucket.level -= 1
                return 0.0
            return (1 - bucket.level) / self._rate
