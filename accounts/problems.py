"""Why accounts refuses."""

from django.utils.translation import gettext_lazy as _

from common.problems import Problem


class InvalidCredentials(Problem):
    status = 401
    code = "invalid_credentials"
    title = _("E-mail address and password don't go together.")


class LoginDelayed(Problem):
    status = 429
    code = "login_delayed"
    title = _("Too many failed attempts: wait before the next one.")


class EmailNotVerified(Problem):
    status = 403
    code = "email_not_verified"
    title = _("Verify your e-mail address first: the link is in your mail.")


class UsernameTaken(Problem):
    status = 400
    code = "username_taken"
    title = _("Somebody has this username already.")


class AddressRuleExists(Problem):
    status = 409
    code = "address_rule_exists"
    title = _("There is a rule for this network or country already.")


class WouldLockOut(Problem):
    status = 409
    code = "would_lock_out"
    title = _("This would deny your own address, so that you could not come back.")


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


class ExportTooSoon(Problem):
    status = 429
    code = "export_too_soon"
    title = _("There is an export of less than a day ago.")


class ExportNotReady(Problem):
    status = 409
    code = "export_not_ready"
    title = _("The export is not ready, or not there any more.")


class ErasureBegun(Problem):
    status = 409
    code = "erasure_begun"
    title = _("The account is being erased: it is too late to call it off.")


class StaffStay(Problem):
    status = 409
    code = "staff_stay"
    title = _("An account of staff can't be erased: first it must be staff no more.")


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


class ApiKeyInvalid(Problem):
    status = 401
    code = "api_key_invalid"
    title = _("This API key is not valid, or not any more.")


class ScopeMissing(Problem):
    status = 403
    code = "scope_missing"
    title = _("This API key is not allowed to do that.")


class PeopleOnly(Problem):
    status = 403
    code = "people_only"
    title = _("No API key can do this: a person has to sign in.")


class TooManyApiKeys(Problem):
    status = 409
    code = "too_many_api_keys"
    title = _("There are as many API keys as one person can have. Revoke one first.")


class ProviderUnknown(Problem):
    status = 404
    code = "provider_unknown"
    title = _("There is no such provider.")


class ProviderNotConfigured(Problem):
    status = 503
    code = "provider_not_configured"
    title = _("This provider is not set up here.")


class ProviderUnavailable(Problem):
    status = 502
    code = "provider_unavailable"
    title = _("The provider doesn't answer as it should. Try again later.")


class SocialSignInFailed(Problem):
    status = 400
    code = "social_sign_in_failed"
    title = _("The provider's word doesn't hold, or not any more. Begin again.")


class SocialEmailMissing(Problem):
    status = 409
    code = "social_email_missing"
    title = _("The provider gives no verified address to make an account with.")


class AccountExists(Problem):
    status = 409
    code = "account_exists"
    title = _("There is an account with this address. Sign in to it, then link the provider.")


class IdentityTaken(Problem):
    status = 409
    code = "identity_taken"
    title = _("That account is linked to another one here, or another one there is linked to this.")


class LastWayIn(Problem):
    status = 409
    code = "last_way_in"
    title = _("Nothing else would sign you in. Set a password first.")


class SignInRefused(Problem):
    status = 403
    code = "sign_in_refused"
    title = _("This account can't sign in.")


class TelegramDataInvalid(Problem):
    status = 401
    code = "telegram_data_invalid"
    title = _("What Telegram signed doesn't hold, or was used before. Open the app again.")


class RoleNotHeld(Problem):
    status = 403
    code = "role_not_held"
    title = _("You don't hold this role.")


class LastSuperuser(Problem):
    status = 409
    code = "last_superuser"
    title = _("This is the last superuser: nobody could give access any more.")


class StepUpRequired(Problem):
    status = 403
    code = "step_up_required"
    title = _("Prove again that it is you: your last proof was more than ten minutes ago.")


class ChallengeInvalid(Problem):
    status = 400
    code = "challenge_invalid"
    title = _("This sign-in can't be finished any more. Begin again.")


class SecondFactorWrong(Problem):
    status = 403
    code = "second_factor_wrong"
    title = _("This is not the code, or it was used already.")


class PasskeyRefused(Problem):
    status = 403
    code = "passkey_refused"
    title = _("This passkey is not accepted here.")


class PasskeyLimitReached(Problem):
    status = 409
    code = "passkey_limit_reached"
    title = _("You have as many passkeys as an account can hold.")


class AuthenticatorAppOn(Problem):
    status = 409
    code = "authenticator_app_on"
    title = _("You have an authenticator app already. Remove it first.")


class SecondFactorNeeded(Problem):
    status = 409
    code = "second_factor_needed"
    title = _("This needs a second factor: set one up first, or keep the last you have.")
