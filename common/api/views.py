from typing import Any

from rest_framework.request import Request
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet


class Counted(APIView):
    """Counts a request even where its credentials are refused, or a stranger could try for ever."""

    def perform_authentication(self, request: Request) -> None:
        try:
            super().perform_authentication(request)
        finally:
            super().check_throttles(request)

    def check_throttles(self, request: Request) -> None:
        """Done with the authentication above, before anything else."""


class ApiView(Counted):
    """A single operation of the API."""


class ApiViewSet(Counted, GenericViewSet[Any]):
    """The operations on one resource."""

    request: Any  # `accounts.authentication.SignedRequest`, which stands above this floor
