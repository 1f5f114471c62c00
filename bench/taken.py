"""What a piece of work took: time, processor time, memory."""

import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Taken:
    """`seconds` on the wall, `cpu` of all its processes, `peak_mb` of the largest (VmHWM)."""

    seconds: float
    cpu: float
    peak_mb: float


def median_rate(rounds: Iterable[Taken], mails: int) -> float:
    """Mails a second, the median of the rounds."""
    return statistics.median(mails / one.seconds for one in rounds)


class Watch:
    """Begun with the processes of the work; `stop` gives what they and their children took since."""

    def __init__(self, processes: Iterable[psutil.Process]) -> None:
        self._processes = list(processes)
        self._cpu = self._sum()
        self._begun = time.perf_counter()

    def stop(self) -> Taken:
        """What was taken."""
        seconds = time.perf_counter() - self._begun
        peak = max(map(peak_mb, self._processes))
        return Taken(seconds, self._sum() - self._cpu, peak)

    def _sum(self) -> float:
        times = [process.cpu_times() for process in self._processes]
        return sum(one.user + one.system for one in times)


def family(pid: int) -> list[psutil.Process]:
    """A process and all that came of it."""
    head = psutil.Process(pid)
    return [head, *head.children(recursive=True)]


def peak_mb(process: psutil.Process) -> float:
    """The most memory that a process ever had (VmHWM), in MB."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0
