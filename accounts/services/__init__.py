"""Every write to accounts, a module a subject."""

from . import audit
from .addresses import (
    add_address_rule,
    change_address_rule,
    clear_address_rules,
    is_denied,
    remove_address_rule,
)
from .api_keys import create_api_key, key_of_text, revoke_api_key, rotate_api_key, touch_api_key
from .attempts import attempt_of, let_in, purge_attempts, tell_of_delays, unlock
from .avatars import remove_avatar, set_avatar
from .blocks import block_user, unblock_user
from .checking import check_log, note_check, read_anchor
from .codes import purge_codes
from .devices import purge_devices
from .disowning import disown_session
from .emails import change_email, confirm_new_email
from .erasures import (
    begin_due_erasures,
    cancel_erasure,
    order_erasure,
    replay_erasures,
    request_erasure,
)
from .exports import latest_export, make_export_link, open_export, request_export
from .factors import Standing, remove_factors, standing_of
from .freshness import is_fresh, require_fresh
from .identities import (
    begin_social,
    identity_of_flow,
    identity_of_token,
    link_identity,
    link_telegram,
    sign_in_as,
    sign_in_by_telegram,
    unlink_identity,
)
from .links import set_social_links
from .passkeys import add_passkey, passkey_options, remove_passkey, rename_passkey
from .passwords import change_password, forgot_password, reset_password, set_password
from .profiles import clear_statuses, set_active, update_profile
from .recovery_codes import renew_recovery_codes
from .registration import confirm_email, is_taken, register, resend_verification, verify_email
from .reports import close_report, drop_reports_about, report_user
from .roles import grant_role, revoke_role, set_access, switch_role
from .sealing import seal_entries
from .sessions import (
    SignedIn,
    make_ws_ticket,
    open_session,
    prove_password,
    purge_sessions,
    refresh_session,
    revoke_session,
    revoke_sessions,
    touch_session,
    touch_sessions,
    use_ws_ticket,
)
from .settings import update_settings
from .signing_in import (
    SecondFactorAsked,
    admit,
    answer_challenge,
    ask_second_factor,
    challenge_options,
    passkey_sign_in_options,
    purge_challenges,
    sign_in,
    sign_in_by_passkey,
)
from .step_up import step_up, step_up_options
from .totp import begin_totp, confirm_totp, remove_totp

__all__ = [
    "SecondFactorAsked",
    "SignedIn",
    "Standing",
    "add_address_rule",
    "add_passkey",
    "admit",
    "answer_challenge",
    "ask_second_factor",
    "attempt_of",
    "audit",
    "begin_due_erasures",
    "begin_social",
    "begin_totp",
    "block_user",
    "cancel_erasure",
    "challenge_options",
    "change_address_rule",
    "change_email",
    "change_password",
    "check_log",
    "clear_address_rules",
    "clear_statuses",
    "close_report",
    "confirm_email",
    "confirm_new_email",
    "confirm_totp",
    "create_api_key",
    "disown_session",
    "drop_reports_about",
    "forgot_password",
    "grant_role",
    "identity_of_flow",
    "identity_of_token",
    "is_denied",
    "is_fresh",
    "is_taken",
    "key_of_text",
    "latest_export",
    "let_in",
    "link_identity",
    "link_telegram",
    "make_export_link",
    "make_ws_ticket",
    "note_check",
    "open_export",
    "open_session",
    "order_erasure",
    "passkey_options",
    "passkey_sign_in_options",
    "prove_password",
    "purge_attempts",
    "purge_challenges",
    "purge_codes",
    "purge_devices",
    "purge_sessions",
    "read_anchor",
    "refresh_session",
    "register",
    "remove_address_rule",
    "remove_avatar",
    "remove_factors",
    "remove_passkey",
    "remove_totp",
    "rename_passkey",
    "renew_recovery_codes",
    "replay_erasures",
    "report_user",
    "request_erasure",
    "request_export",
    "require_fresh",
    "resend_verification",
    "reset_password",
    "revoke_api_key",
    "revoke_role",
    "revoke_session",
    "revoke_sessions",
    "rotate_api_key",
    "seal_entries",
    "set_access",
    "set_active",
    "set_avatar",
    "set_password",
    "set_social_links",
    "sign_in",
    "sign_in_as",
    "sign_in_by_passkey",
    "sign_in_by_telegram",
    "standing_of",
    "step_up",
    "step_up_options",
    "switch_role",
    "tell_of_delays",
    "touch_api_key",
    "touch_session",
    "touch_sessions",
    "unblock_user",
    "unlink_identity",
    "unlock",
    "update_profile",
    "update_settings",
    "use_ws_ticket",
    "verify_email",
]
