"""How large things may be that people say of themselves."""

from typing import Final

from django.conf import settings

from common.images import MAX_PIXELS
from common.sizes import characters

from .models import User
from .validators import MAX_PASSWORD

SIZES: Final = {
    "password_characters": MAX_PASSWORD,
    "username_characters": characters(User, "username"),
    "display_name_characters": characters(User, "display_name"),
    "avatar_bytes": User.AVATAR_BYTES,
    "avatar_pixels": MAX_PIXELS,
    "status_text_characters": characters(User, "status_text"),
}

# A picture, and as much beside it in the form as any body may have.
LARGE_BODIES: Final = {"users/me/avatar": User.AVATAR_BYTES + settings.MAX_BODY}
