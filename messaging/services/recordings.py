"""Voice and video messages: one recording each, which everybody can play as it is."""

from collections.abc import Mapping, Sequence
from typing import Final

from django.utils.translation import gettext_lazy as _

from common.problems import Invalid
from files.models import File
from messaging.models import Message

# What a recording is, and how long it may be, in seconds.
RECORDINGS: Final[Mapping[str, tuple[str, int]]] = {
    Message.Kind.VOICE: (File.Kind.AUDIO, Message.VOICE_SECONDS),
    Message.Kind.VIDEO: (File.Kind.VIDEO, Message.VIDEO_SECONDS),
}


def require_recording(*, kind: str, files: Sequence[File]) -> None:
    """Refuse a voice or video message whose file is none. Other kinds may have any files.

    What nobody has looked into yet is taken on trust: who records and sends waits for nobody.

    Raises:
        Invalid: of `files`: `one_file`; of `files.0`: `not_a_recording`, `not_playable`, `too_long`.
    """
    if kind not in RECORDINGS:
        return
    wanted, longest = RECORDINGS[kind]
    if len(files) != 1:
        raise Invalid.field("files", "one_file", _("A recording is one file."))
    [file] = files
    if file.kind != wanted:
        raise Invalid.field("files.0", "not_a_recording", _("This file is no recording of that kind."))
    if file.playable is False:
        raise Invalid.field("files.0", "not_playable", _("Browsers can't play this as it is."))
    if file.duration is not None and file.duration > longest * 1000:
        too_long = _("At most %(limit)d seconds.") % {"limit": longest}
        raise Invalid.field("files.0", "too_long", too_long)
