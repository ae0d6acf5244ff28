"""The servers that `manage.py serve` can be. They behave alike: what they share is `manners.py`."""

from importlib import import_module
from typing import Any


def server_of(name: str) -> Any:
    """The `LiveServer` of one of `settings.SERVERS`. Imported late: that of Daphne installs its reactor."""
    return import_module(f"{__name__}.{name}").LiveServer
