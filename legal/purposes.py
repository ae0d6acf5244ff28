"""What people are asked to consent to. Each app adds its purposes from its `AppConfig.ready`."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """Something that is done with what we know of a person only if they agree.

    Attributes:
        name: a contract with clients; at most 32 characters.
        description: the words that the person agrees to.
        wording: names those words. It changes with their meaning: who agreed to others did not to these.
    """

    name: str
    title: str | Promise
    description: str | Promise
    wording: str


purposes: Final[dict[str, Purpose]] = {}


def register(*added: Purpose) -> None:
    purposes.update({purpose.name: purpose for purpose in added})


OF_EVERYBODY: Final = [
    Purpose(
        name="marketing",
        title=_("Marketing"),
        description=_("You may write to me about offers and news."),
        wording="1",
    ),
    Purpose(
        name="analytics",
        title=_("Analytics"),
        description=_("You may count how I use the product, to make it better."),
        wording="1",
    ),
    Purpose(
        name="ai_processing",
        title=_("AI processing"),
        description=_("You may give what I write to an AI model when I use a feature that needs one."),
        wording="1",
    ),
]
