"""Chance that falls the same way for the same seed, in every process and Python version."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Draws made of `Random.random` alone: of all its methods only that one is promised to stay the same."""

    def __init__(self, *seed: object) -> None:
        self._random = Random("/".join(map(str, seed))).random  # noqa: S311  # a play, not a secret

    def chance(self, probability: float) -> bool:
        """True with `probability`."""
        return self._random() < probability

    def between(self, low: float, high: float) -> float:
        """A number from `low` to `high`, each as likely."""
        return low + (high - low) * self._random()

    def around(self, centre: float, spread: float) -> float:
        """A number that is mostly near `centre` and never further from it than three times `spread`."""
        return centre + spread * 2 * (self._random() + self._random() + self._random() - 1.5)

    def pick(self, items: Sequence[T], weights: Sequence[float] | None = None) -> T:
        """One of `items`, as likely as its weight."""
        if weights is None:
            return items[int(self._random() * len(items))]
        rest = self._random() * sum(weights)
        for item, weight in zip(items, weights, strict=True):
            rest -= weight
            if rest < 0:
                return item
        return items[-1]
