"""Fast routes: a few operations answered in front of Django, which stays the definition of each.

A fast route takes only what it understands whole, and answers only where all goes well. Everything else,
also every refusal, is Django's, which finds the request as it came.
"""

from .requests import FastRequest
from .routes import FAILED, Answer, FastRoute, FastRoutes

__all__ = ["FAILED", "Answer", "FastRequest", "FastRoute", "FastRoutes"]
