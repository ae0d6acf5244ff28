"""Daphne, the default: pure Python, on Twisted."""

from .server import LiveServer

__all__ = ["LiveServer"]
