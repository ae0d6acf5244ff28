"""Who people are: their account, what they say of themselves, what they chose."""

from typing import Final

from django.contrib.auth.hashers import make_password

from accounts.models import Role, TakenUsername, User, avatar_name
from common.holdings import BLANK, Anonymise, Erase, Field, Holding, Keep

PSEUDONYM: Final = Keep("Rows of others point to it; it names nobody any more.")


def pictures_of(user: User) -> list[str]:
    return [avatar_name(user.avatar, size) for size in User.AVATAR_SIZES] if user.avatar else []


HOLDINGS: Final = [
    Holding(
        model=User,
        whose="id",
        purpose="Somebody can sign in, and others know whom they talk to.",
        retention="until they ask for erasure",
        erase=Erase.BY_FIELD,
        export="account",
        fields={
            "id": Field("Names the person.", "id", PSEUDONYM),
            "email": Field(
                "To sign in, and to be reached.",
                "email",
                Anonymise(lambda who: f"{who.id}@erased.invalid"),
            ),
            "email_verified_at": Field("Whether the address is theirs.", "email_verified_at", BLANK),
            "username": Field(
                "To be found by others.", "username", Anonymise(lambda who: f"erased-{who.id.hex[-20:]}")
            ),
            "display_name": Field(
                "To be known by others.", "display_name", Anonymise(lambda who: "Erased user")
            ),
            "first_name": Field("To be addressed.", "first_name", BLANK),
            "last_name": Field("To be addressed.", "last_name", BLANK),
            "status_text": Field("What they say of themselves.", "status_text", BLANK),
            "status_expires_at": Field("Until when they say it.", "status_expires_at", BLANK),
            "language": Field("To be written to in it.", "language", Anonymise(lambda who: "en")),
            "timezone": Field("Times that are theirs.", "timezone", Anonymise(lambda who: "UTC")),
            "avatar": Field("Their picture: the key of its files.", "avatar", BLANK, files=pictures_of),
            "settings": Field("What they chose.", "settings", BLANK),
            "password": Field(
                "To sign in: a hash (Argon2).", None, Anonymise(lambda who: make_password(None))
            ),
            "last_login": Field("Whether the account is in use.", "last_login", BLANK),
            "is_active": Field("Whether they may take part.", "is_active", Anonymise(lambda who: False)),
            "is_staff": Field(
                "Whether they may enter the console.", "is_staff", Anonymise(lambda who: False)
            ),
            "is_superuser": Field(
                "Whether they may do all there.", "is_superuser", Anonymise(lambda who: False)
            ),
            "role": Field("What they act as.", "role", Anonymise(lambda who: Role.MEMBER)),
            "groups": Field("What they may do there.", None, BLANK),
            "user_permissions": Field("What they may do there.", None, BLANK),
            "created_at": Field("Since when they are here.", "created_at", Keep("The id holds it too.")),
        },
    ),
    Holding(
        model=TakenUsername,
        purpose="A sign-up with an address that is taken looks like any other: the name is gone afterwards. "
        "It is tied to no account.",
        retention="as long as the database",
        fields={"id": Field("Names the row."), "username": Field("A name that nobody can have.")},
    ),
]
