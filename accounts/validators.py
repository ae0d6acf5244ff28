"""What a new password must be: `AUTH_PASSWORD_VALIDATORS` lists the rules for API, pages and console."""

import re
from collections.abc import Iterable
from typing import Final

from django.contrib.auth.hashers import check_password
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from zxcvbn import zxcvbn

from .models import User

MAX_PASSWORD: Final = 128  # characters
ESTIMATED: Final = 72  # characters: the estimate's time grows with the square of the length


class StrengthValidator:
    """An estimate of the guesses it takes: 0 (some) to 4 (too many for anybody), after zxcvbn."""

    def __init__(self, min_score: int = 3) -> None:
        if min_score not in range(5):
            raise ImproperlyConfigured(f"PASSWORD_MIN_SCORE is {min_score}: use 0 to 4.")
        self.min_score = min_score

    def validate(self, password: str, user: User | None = None) -> None:
        score = zxcvbn(password[:ESTIMATED], user_inputs=_words_of(user))["score"]
        if score < self.min_score:
            raise ValidationError(_("This password is too easy to guess."), code="password_too_weak")

    def get_help_text(self) -> str:
        return _("Your password must be hard to guess: a few words that don't belong together are.")


class PreviousPasswordValidator:
    """Not the present one, nor one of those before it."""

    def __init__(self, last: int = 5) -> None:
        self.last = last

    def validate(self, password: str, user: User | None = None) -> None:
        if user is None or user._state.adding:
            return
        before = user.previous_passwords.values_list("password", flat=True)[: self.last - 1]
        if any(check_password(password, each) for each in [user.password, *before]):
            raise ValidationError(
                ngettext(
                    "This is your present password.",
                    "This is one of your last %(count)d passwords.",
                    self.last,
                ),
                code="password_used_before",
                params={"count": self.last},
            )

    def get_help_text(self) -> str:
        return _("Your password can't be one of your last %(count)d.") % {"count": self.last}


class CompositionValidator:
    """Kinds of characters that must occur. Off by default: people answer such rules with `Password1!`.

    NIST SP 800-63B-4 §3.1.1.2 and ASVS 5.0 6.2.5 say not to; some customers' auditors insist.
    """

    KINDS: Final[dict[str, tuple[str, str | Promise]]] = {
        "lower": (r"[a-z]", gettext_lazy("Your password must contain a small letter.")),
        "upper": (r"[A-Z]", gettext_lazy("Your password must contain a capital letter.")),
        "digit": (r"[0-9]", gettext_lazy("Your password must contain a digit.")),
        "symbol": (r"[^A-Za-z0-9]", gettext_lazy("Your password must contain a character beside those.")),
    }

    def __init__(self, kinds: Iterable[str] = ()) -> None:
        self.kinds = list(kinds)
        if unknown := set(self.kinds) - self.KINDS.keys():
            raise ImproperlyConfigured(f"PASSWORD_COMPOSITION has {sorted(unknown)}: use {[*self.KINDS]}.")

    def validate(self, password: str, user: User | None = None) -> None:
        missing = [kind for kind in self.kinds if not re.search(self.KINDS[kind][0], password)]
        if missing:
            raise ValidationError(
                [
                    ValidationError(str(self.KINDS[kind][1]), code=f"password_without_{kind}")
                    for kind in missing
                ]
            )

    def get_help_text(self) -> str:
        return " ".join(str(self.KINDS[kind][1]) for kind in self.kinds)


def _words_of(user: User | None) -> list[str]:
    """What is no secret about *user*, in pieces."""
    if user is None:
        return ["serai"]
    known = [user.email, user.username, user.display_name, user.first_name, user.last_name]
    return [
        "serai",
        *filter(None, (part.lower() for text in known for part in [text, *re.split(r"\W+", text)])),
    ]
