"""Work where the test is, in its thread and its order."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Self


class Inline:
    """In place of a `ThreadPoolExecutor`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *given: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        future.set_result(work(*given))
        return future
