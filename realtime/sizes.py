"""How large things may be on a socket, which `hello` tells too, and without one."""

from typing import Final

from .frames import MAX_FRAME
from .resume import MAX_TOPICS
from .sync import MAX_ASKED

SIZES: Final = {"frame_characters": MAX_FRAME, "resume_topics": MAX_TOPICS}
SIZES_OF_SYNC: Final = {"sync_topics": MAX_ASKED}
