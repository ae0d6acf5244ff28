from typing import Any

from django.contrib.auth.models import AnonymousUser
from rest_framework.request import Request
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from common.problems import Problem


class Counted(APIView):
    """Counts a request even where its credentials are refused, or a stranger could try for ever."""

    # OPTIONS describes nothing here, so `Allow` must not promise it.
    http_method_names = [name for name in APIView.http_method_names if name != "options"]

    def perform_authentication(self, request: Request) -> None:
        try:
            super().perform_authentication(request)
        except Problem:
            # As REST framework does for errors of its own: else whoever asks for the user next, a limit,
            # would hear the refusal again and count nothing.
            request.user = AnonymousUser()
            raise
        finally:
            super().check_throttles(request)

    def check_throttles(self, request: Request) -> None:
        """Done with the authentication above, before anything else."""


class ApiView(Counted):
    """A single operation of the API."""


class ApiViewSet(Counted, GenericViewSet[Any]):
    """The operations on one resource."""

    request: Any  # `accounts.authentication.SignedRequest`, which stands above this floor
