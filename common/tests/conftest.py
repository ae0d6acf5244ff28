import json
import logging
import secrets
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from structlog.stdlib import ProcessorFormatter

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def log_lines() -> Iterator[Lines]:
    """What this test logs, line by line, as the product's own handler writes it."""
    root, text = logging.getLogger(), StringIO()
    [ours] = [each for each in root.handlers if isinstance(each.formatter, ProcessorFormatter)]
    handler, level = logging.StreamHandler(text), root.level
    handler.setFormatter(ours.formatter)
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in text.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def own_cache(settings: Any) -> None:
    """A cache that nobody else counts in and whose clock is the test's."""
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": secrets.token_hex(8)}}


@pytest.fixture
def address() -> str:
    """An address that no limit has counted yet, also not in a Redis that outlives this run."""
    return f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"
