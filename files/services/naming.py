"""What files are called."""

import unicodedata
from pathlib import PurePath
from typing import Final

from common.sizes import characters
from files.models import File

NAMELESS: Final = "file"
LONGEST: Final = characters(File, "name")
ENDING: Final = 16  # characters of an ending that is kept where a name is cut


def plain_name(name: str) -> str:
    """*name* as it may be shown and saved anywhere: no folders, and nothing that can't be seen.

    A character that turns the direction of writing would make `gpj.exe` of `exe.jpg` for whoever reads it.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    seen = "".join(each for each in last if unicodedata.category(each)[0] != "C")
    bare = " ".join(seen.split()).strip(". ")
    if len(bare) > LONGEST:
        ending = PurePath(bare).suffix[:ENDING]
        bare = bare[: LONGEST - len(ending)] + ending
    return bare or NAMELESS
