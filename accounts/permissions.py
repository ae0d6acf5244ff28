"""Who is signed in, and within which scope. What they may do is said by policies, inside services."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request

from .models import ApiKey
from .problems import PeopleOnly, ScopeMissing
from .scopes import READ, WRITE, allows


class SignedIn(IsAuthenticated):
    """A person, or a service with an API key whose scopes hold what the view names."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        if isinstance(request.auth, ApiKey):
            verb = READ if request.method in SAFE_METHODS else WRITE
            if view.scope is None:
                raise PeopleOnly
            if not allows(request.auth.scopes, view.scope, verb):
                raise ScopeMissing(scope=f"{view.scope}:{verb}")
        return True
