"""How large things may be on a socket; `hello` tells them too."""

from typing import Final

from .frames import MAX_FRAME
from .resume import MAX_TOPICS

SIZES: Final = {"frame_characters": MAX_FRAME, "resume_topics": MAX_TOPICS}
