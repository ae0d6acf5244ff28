"""What our middleware adds to a request, for whoever reads it."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from .aliases import Alias


@dataclass(frozen=True)
class Door:
    """How an API request came in, and what that door owes it.

    Attributes:
        version: of the API, as it answers.
        is_older: the older clients' door.
        is_camel: camelCase keys out; both spellings in.
        owes_token: the older clients read `token` from this answer.
        path: the canonical path below `/api/v1/`.
        alias: the row of the alias table that the path went through, if any.
    """

    version: int
    is_older: bool = False
    is_camel: bool = False
    owes_token: bool = False
    path: str = ""
    alias: Alias | None = None

    @property
    def canonical(self) -> str:
        return f"/api/v{self.version}/{self.path}"


class OurRequest(HttpRequest):
    """Django's request behind our middleware. A name for type checkers: no request is made of this class.

    Attributes:
        client_address: who called, as far as it can be believed.
        door: how an API request came in.
        limit_headers: what the limits on this request have to say.
        limit_reached: one of them says no.
    """

    client_address: str | None
    door: Door
    limit_headers: dict[str, str]
    limit_reached: bool


def door_of(request: Any) -> Door:
    """The door of a request (Django's or REST framework's); the newest version's own for anything else."""
    return getattr(request, "door", None) or Door(version=settings.API_VERSIONS[-1])


def request_id_of(request: HttpRequest) -> str:
    return request.META.get("HTTP_X_REQUEST_ID", "")
