"""Whether time tells what a page does not."""

import random
import statistics
import time
from collections.abc import Callable, Mapping

ROUNDS = 200


def medians(
    asks: Mapping[str, Callable[[int], object]],
    *,
    rounds: int = ROUNDS,
    between: Callable[[], object] = lambda: None,
) -> dict[str, float]:
    """The median of each in milliseconds. `asks` are called in turn, each time in another order, so that
    whatever else the machine does falls on all of them: a fixed order meets the garbage collector's beat, and
    one of them pays for all. `between` is called before each and not measured."""
    taken: dict[str, list[float]] = {name: [] for name in asks}
    for at in range(rounds):
        for name in random.sample(list(asks), len(asks)):
            between()
            began = time.perf_counter()
            asks[name](at)
            taken[name].append((time.perf_counter() - began) * 1000)
    return {name: statistics.median(values) for name, values in taken.items()}


def spread(found: Mapping[str, float]) -> float:
    """How much longer the slowest takes than the fastest, as a part of the fastest."""
    fastest, slowest = min(found.values()), max(found.values())
    return (slowest - fastest) / fastest
