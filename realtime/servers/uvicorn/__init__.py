"""Uvicorn, the faster one: uvloop, httptools and websockets' protocol without its input and output.

The classes here stand on uvicorn's own, whose insides may change with any version: `requirements/base.in`
holds it, and a newer one is taken once the live tests pass on it.
"""

from .server import LiveServer

__all__ = ["LiveServer"]
