"""How fast things come, and when it is worth to wait for the next."""

from typing import Final

QUIET: Final = 200.0  # a second: fewer are taken as they come
AT_ONCE: Final = 20.0  # that many may come in one breath, and it still counts as quiet


class Tempo:
    """A bucket that each of them fills and that runs out at a quiet pace.

    It holds twice what makes it busy: what was so is quiet again a tenth of a second after the last one,
    however busy it was.
    """

    __slots__ = ("_at", "_level")

    def __init__(self) -> None:
        self._level = self._at = 0.0

    def came(self, count: int, now: float) -> None:
        """So many came now (seconds, of any clock that only goes forward)."""
        self._level = min(self._left(now) + count, 2 * AT_ONCE)
        self._at = now

    def is_busy(self, now: float) -> bool:
        """Whether more come than at a quiet pace."""
        return self._left(now) > AT_ONCE

    def _left(self, now: float) -> float:
        return max(0.0, self._level - (now - self._at) * QUIET)
