"""A shorter way out of the process than ASGI's `send`, where the server has one."""

from typing import Any, Final, Protocol

EXTENSION: Final = "serai.pipe"  # where a server offers it: in `scope["extensions"]`, a `Pipe`


class Pipe(Protocol):
    """A connection that takes bytes at once, without a task and without encoding them anew.

    It goes the same way as what `send` is given, so that their order holds. Nothing depends on it: without
    one, and whenever it isn't open, frames go by `send`, which waits until the connection takes more.
    """

    @property
    def is_open(self) -> bool:
        """Whether the connection is open, and takes more now."""
        ...

    def write(self, frames: bytes) -> None:
        """Send whole frames, as they are on the wire (`Frame.wire`); only while it is open.

        A write is taken whole, though the pipe may not be open behind it. On a connection that broke it does
        nothing: whoever reads from that hears it.
        """
        ...


def pipe_of(scope: Any) -> Pipe | None:
    pipe: Pipe | None = scope.get("extensions", {}).get(EXTENSION)
    return pipe
