"""Which texts are one emoji (Unicode Technical Standard #51)."""

from typing import Final

from emoji import EMOJI_DATA, STATUS

PRESENTATION: Final = "\ufe0f"  # asks for the coloured picture; some clients send it, some do not


def _bare(text: str) -> str:
    return text.replace(PRESENTATION, "")


_WHOLE: Final = {
    _bare(text): text for text, data in EMOJI_DATA.items() if data["status"] == STATUS["fully_qualified"]
}


def one_emoji(text: str) -> str | None:
    """*text* in its fully qualified spelling, the same for all clients; None if it isn't one emoji."""
    return _WHOLE.get(_bare(text))
