"""For people who can't show yet who they are."""

from rest_framework.permissions import AllowAny

from common.api.limits import AUTH_LIMITS
from common.api.views import ApiView


class StrangersView(ApiView):
    """For people who can't show yet who they are."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = tuple(AUTH_LIMITS)
