"""How long a sign-in at the staff console lasts."""

import time
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

SEEN_EVERY: Final = 60  # seconds between two notes that somebody is still there: not a write per request


class ConsoleSessionMiddleware:
    """Ends the console's session after `CONSOLE_IDLE` without a request, and `CONSOLE_SESSION` after its
    first at the latest, however busy (NIST SP 800-63B §4.2.3 allows 30 minutes and 12 hours).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/admin/") and "_auth_user_id" in request.session:
            now = int(time.time())
            began, seen = request.session.get("began", now), request.session.get("seen", 0)
            if now - began >= settings.CONSOLE_SESSION or (seen and now - seen >= settings.CONSOLE_IDLE):
                request.session.flush()
            elif now - seen >= SEEN_EVERY:
                request.session.update({"began": began, "seen": now})
        return self.get_response(request)
