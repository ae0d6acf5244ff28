"""Why accounts refuses."""

from django.utils.translation import gettext_lazy as _

from common.problems import Problem


class InvalidCredentials(Problem):
    status = 401
    code = "invalid_credentials"
    title = _("E-mail address and password don't go together.")


class EmailNotVerified(Problem):
    status = 403
    code = "email_not_verified"
    title = _("Verify your e-mail address first: the link is in your mail.")


class UsernameTaken(Problem):
    status = 400
    code = "username_taken"
    title = _("Somebody has this username already.")


class VerificationTokenInvalid(Problem):
    status = 400
    code = "verification_token_invalid"
    title = _("This verification link is not valid. Ask for a new one.")


class VerificationTokenExpired(Problem):
    status = 400
    code = "verification_token_expired"
    title = _("This verification link is too old. Ask for a new one.")


class CodeInvalid(Problem):
    status = 400
    code = "code_invalid"
    title = _("This code is not valid, or not any more. Ask for a new one.")


class ResetTokenInvalid(Problem):
    status = 400
    code = "reset_token_invalid"
    title = _("This link is not valid, or not any more. Ask for a new one.")


class CurrentPasswordWrong(Problem):
    status = 403
    code = "current_password_wrong"
    title = _("The current password is not the right one.")


class TokenInvalid(Problem):
    status = 401
    code = "token_invalid"
    title = _("This token is not valid, or its time is over.")


class TokenReused(Problem):
    status = 401
    code = "token_reused"
    title = _("This refresh token was used before, so the session is ended. Sign in again.")


class SessionEnded(Problem):
    status = 401
    code = "session_ended"
    title = _("This session has ended. Sign in again.")
