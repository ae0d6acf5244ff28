"""Every write to accounts, a module a subject."""

from .profiles import set_active, update_profile
from .registration import confirm_email, is_taken, register, resend_verification, verify_email
from .sessions import (
    is_refresh_token,
    make_ws_ticket,
    purge_sessions,
    refresh_session,
    revoke_session,
    revoke_sessions,
    sign_in,
    touch_session,
    use_ws_ticket,
)

__all__ = [
    "confirm_email",
    "is_refresh_token",
    "is_taken",
    "make_ws_ticket",
    "purge_sessions",
    "refresh_session",
    "register",
    "resend_verification",
    "revoke_session",
    "revoke_sessions",
    "set_active",
    "sign_in",
    "touch_session",
    "update_profile",
    "use_ws_ticket",
    "verify_email",
]
