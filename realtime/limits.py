"""How many frames a client may send. Counted where its socket is: a connection lives in one process."""

import time

from django.conf import settings
from rest_framework.request import Request

from common.api.limits import Limit, Rate, Standing


class SocketLimit(Limit):
    """Frames of one socket. No view has it: `GET limits` tells the rate."""

    name = "SOCKET"

    def key(self, request: Request) -> str | None:
        return None

    def standing(self, request: Request) -> Standing:
        return Standing.of_nobody(self.name)


class FrameCount:
    """The frames of one socket, in a window that begins with its first, as everything else is counted."""

    def __init__(self) -> None:
        self._rate = Rate.parse(settings.LIMITS[SocketLimit.name])
        self._end = 0.0
        self._count = 0

    def allows_one_more(self) -> bool:
        if self._rate is None:
            return True
        if (now := time.monotonic()) >= self._end:
            self._end, self._count = now + self._rate.period, 0
        self._count += 1
        return self._count <= self._rate.count
