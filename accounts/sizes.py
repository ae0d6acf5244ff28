"""How large things may be that people say of themselves."""

from typing import Final

from common.sizes import characters

from .models import User
from .validators import MAX_PASSWORD

SIZES: Final = {
    "password_characters": MAX_PASSWORD,
    "username_characters": characters(User, "username"),
    "display_name_characters": characters(User, "display_name"),
    "status_text_characters": characters(User, "status_text"),
}
