from django.http import HttpRequest

from accounts.models import User


class StaffRequest(HttpRequest):
    """A request of the console, behind its sign-in. A name for type checkers: none is made of this class."""

    user: User
