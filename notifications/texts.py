"""Words of people, put into sentences of ours. Their names: `common.direction`."""

import re
from typing import Final

from django.utils.text import Truncator

_SPACES: Final = re.compile(r"\s+")

EXCERPT: Final = 300  # characters of what somebody said


def excerpt(text: str) -> str:
    """What somebody said, in one line."""
    return str(Truncator(_SPACES.sub(" ", text).strip()).chars(EXCERPT))
