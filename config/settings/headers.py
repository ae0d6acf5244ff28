"""What browsers are told with every answer, and the cookies of the console."""

from typing import Any, Final

from csp.constants import NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

from .environment import PRODUCTION

Policy = dict[str, list[Any]]

# --- Content-Security-Policy --------------------------------------------------------------------------
# Of data, which is no page: opened in a browser it does nothing.
CONTENT_POLICY_OF_DATA: Final[Policy] = {
    "default-src": [NONE],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": [NONE],
}
# Of our own pages: no script at all, and the one style that they carry.
CONTENT_POLICY_OF_PAGES: Final[Policy] = CONTENT_POLICY_OF_DATA | {
    "style-src": [NONCE],
    "img-src": ["data:"],
    "form-action": [SELF],
}
_DOCUMENTS: Final[Policy] = CONTENT_POLICY_OF_DATA | {
    "script-src": [SELF],
    "style-src": [SELF, NONCE],
    "img-src": [SELF, "data:"],
    "connect-src": [SELF],
}
_REDOC: Final[Policy] = _DOCUMENTS | {
    "style-src": [SELF, UNSAFE_INLINE],  # its components write theirs into the page
    "worker-src": ["blob:"],  # its search
}
_CONSOLE: Final[Policy] = CONTENT_POLICY_OF_DATA | {
    "script-src": [SELF, UNSAFE_EVAL],  # Alpine runs what stands in the attributes of unfold's pages
    "style-src": [SELF, UNSAFE_INLINE],  # unfold writes its colours into the page
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],
    "form-action": [SELF],
}
_OUTBOX: Final[Policy] = CONTENT_POLICY_OF_PAGES | {"style-src": [UNSAFE_INLINE]}  # mails carry their styles
# The local provider sends people back to the app that they come from, wherever a developer runs it.
_LOCAL_SIGN_IN: Final[Policy] = {
    name: sources for name, sources in CONTENT_POLICY_OF_PAGES.items() if name != "form-action"
}

# The first whose path begins so; any other page has that of our own.
CONTENT_POLICIES: Final[list[tuple[str, Policy]]] = [
    ("/admin/", _CONSOLE),
    ("/api/docs/problems", CONTENT_POLICY_OF_PAGES),
    ("/api/docs", _DOCUMENTS),
    ("/api/redoc", _REDOC),
    ("/dev/outbox", _OUTBOX),
    ("/dev/sign-in", _LOCAL_SIGN_IN),
]

# --- Beside it ----------------------------------------------------------------------------------------
X_FRAME_OPTIONS = "DENY"
# Not `no-referrer`: with it a form is sent with `Origin: null`, which the check against forgery refuses.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
CROSS_ORIGIN_RESOURCE_POLICY = "same-site"  # an app of ours may stand on another host of the same site
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: []
    for feature in (
        "accelerometer",
        "browsing-topics",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
    )
}

# --- Cookies: the console's, and of forms. The API takes none -----------------------------------------
_PREFIX: Final = "__Host-" if PRODUCTION else ""  # over TLS alone, and no neighbour of this host can set it
SESSION_COOKIE_NAME = f"{_PREFIX}sessionid"
SESSION_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CONSOLE_IDLE = 30 * 60  # seconds without a request, after which staff sign in again
CONSOLE_SESSION = 12 * 3600  # seconds after which they do in any case
SESSION_COOKIE_AGE = CONSOLE_SESSION
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = f"{_PREFIX}csrftoken"
CSRF_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_HTTPONLY = True  # forms carry the token; no script has to read it
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "common.views.forged"
