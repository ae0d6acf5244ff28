"""What people prove themselves by beside the password."""

from typing import Final

from accounts.models import AuthenticatorApp, FactorTally, Passkey, RecoveryCode, SignInChallenge
from common.holdings import Erase, Field, Holding

HOLDINGS: Final = [
    Holding(
        model=AuthenticatorApp,
        whose="user",
        purpose="A second factor: an app that shows codes.",
        retention="until it is switched off",
        erase=Erase.DELETE_ROW,
        export="authenticator_app",
        fields={
            "id": Field("Names the app."),
            "user": Field("Whose it is."),
            "secret": Field("Whether a code is right: encrypted."),
            "last_step": Field("No code is taken twice."),
            "created_at": Field("Whether it is still being set up.", "created_at"),
            "confirmed_at": Field("Since when it counts.", "confirmed_at"),
        },
    ),
    Holding(
        model=RecoveryCode,
        whose="user",
        purpose="Lets somebody in who has lost their second factor.",
        retention="until others are made",
        erase=Erase.DELETE_ROW,
        fields={
            "id": Field("Names the code."),
            "user": Field("Whose it is."),
            "code_hash": Field("Whether it is right: a hash."),
            "used_at": Field("Whether it was used."),
        },
    ),
    Holding(
        model=Passkey,
        whose="user",
        purpose="Somebody signs in with a key that their device keeps.",
        retention="until it is removed",
        erase=Erase.DELETE_ROW,
        export="passkeys",
        fields={
            "id": Field("Names the passkey.", "id"),
            "user": Field("Whose it is."),
            "name": Field("To be told from others.", "name"),
            "credential_id": Field("Which key of the device.", "credential_id"),
            "public_key": Field("Whether a signature is right."),
            "sign_count": Field("To notice a copy.", "sign_count"),
            "transports": Field("How the device is reached.", "transports"),
            "aaguid": Field("The kind of device.", "aaguid"),
            "backup_eligible": Field("Whether it may be on several devices.", "backup_eligible"),
            "backed_up": Field("Whether it is.", "backed_up"),
            "created_at": Field("Since when.", "created_at"),
            "last_used_at": Field("Whether it is in use.", "last_used_at"),
            "regressed_at": Field("Whether there may be a copy.", "regressed_at"),
        },
    ),
    Holding(
        model=FactorTally,
        whose="user",
        purpose="Nobody guesses the code of an app by trying: the next has to wait.",
        retention="until the account is erased",
        erase=Erase.DELETE_ROW,
        fields={
            "user": Field("At whose account."),
            "wrong": Field("How long the next has to wait."),
            "wrong_at": Field("The same."),
        },
    ),
    Holding(
        model=SignInChallenge,
        whose="user",
        purpose="The password was right, a second factor is asked for.",
        retention="an hour and some minutes",
        erase=Erase.DELETE_ROW,
        fields={
            "id": Field("Names the challenge."),
            "user": Field("Who is signing in."),
            "token_hash": Field("Who has begun may go on: a hash."),
            "bound": Field("On the same client and for the same password: a hash."),
            "device_name": Field("What the session will be called."),
            "guesses": Field("Nobody may try them all."),
            "created_at": Field("When it was made."),
            "expires_at": Field("When it ends."),
            "closed_at": Field("Whether it was used."),
        },
    ),
]
