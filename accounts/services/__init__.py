"""Every write to accounts, a module a subject."""

from .codes import purge_codes
from .passwords import change_password, forgot_password, reset_password, set_password
from .profiles import set_active, update_profile
from .registration import confirm_email, is_taken, register, resend_verification, verify_email
from .sessions import (
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
    "change_password",
    "confirm_email",
    "forgot_password",
    "is_taken",
    "make_ws_ticket",
    "purge_codes",
    "purge_sessions",
    "refresh_session",
    "register",
    "resend_verification",
    "reset_password",
    "revoke_session",
    "revoke_sessions",
    "set_active",
    "set_password",
    "sign_in",
    "touch_session",
    "update_profile",
    "use_ws_ticket",
    "verify_email",
]
