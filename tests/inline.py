"""Work where the test is, in its thread and its transaction."""

from collections.abc import Callable, Iterable
from typing import Any, Self


class Inline:
    """In place of a `ThreadPoolExecutor`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        return [work(item) for item in items]
