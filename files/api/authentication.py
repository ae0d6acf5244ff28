"""Who a signed address of a file is for."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.models import User
from files.services import reader_of_link


class LinkAuthentication(BaseAuthentication):
    """`?for=…&exp=…&sig=…`, as `address_of` writes it. Whoever has it is that reader, for this file alone."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        if "sig" not in request.query_params:
            return None
        told = request.query_params
        context: Any = request.parser_context
        user = reader_of_link(
            file=context["kwargs"]["pk"],
            reader=told.get("for", ""),
            expires=told.get("exp", ""),
            signature=told["sig"],
        )
        return user, None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="serai"'


class LinkScheme(OpenApiAuthenticationExtension):
    target_class = LinkAuthentication
    name = "link"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "query",
            "name": "sig",
            "description": "With `for` and `exp`, in the addresses that a file is given with.",
        }
