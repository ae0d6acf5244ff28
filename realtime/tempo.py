"""How fast frames come to a topic, and when it is worth to wait for the next."""

from typing import Final

QUIET: Final = 200.0  # frames a second: fewer are given as they come
AT_ONCE: Final = 20.0  # frames that may come in one breath, and the topic still counts as quiet


class Tempo:
    """A bucket that each frame fills and that runs out at the pace of a quiet topic.

    It holds twice what makes a topic busy: one that was so is quiet again a tenth of a second after its last
    frame, however busy it was.
    """

    __slots__ = ("_at", "_level")

    def __init__(self) -> None:
        self._level = self._at = 0.0

    def came(self, frames: int, now: float) -> None:
        """So many came now (seconds, of any clock that only goes forward)."""
        self._level = min(self._left(now) + frames, 2 * AT_ONCE)
        self._at = now

    def is_busy(self, now: float) -> bool:
        """Whether more come than a quiet topic has."""
        return self._left(now) > AT_ONCE

    def _left(self, now: float) -> float:
        return max(0.0, self._level - (now - self._at) * QUIET)
