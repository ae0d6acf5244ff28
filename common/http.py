"""What our middleware adds to a request, for whoever reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from .middleware.doors import Door


class OurRequest(HttpRequest):
    """Django's request behind our middleware. A name for type checkers: no request is made of this class.

    Attributes:
        client_address: who called, as far as it can be believed.
        door: how an API request came in.
        limit_headers: what the limits on this request have to say.
    """

    client_address: str | None
    door: Door
    limit_headers: dict[str, str]
