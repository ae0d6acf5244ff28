"""Drafts over several devices: nothing that somebody typed is lost to what they typed elsewhere."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from common.events import emit
from common.problems import NotFound
from messaging.events import DraftUpdated
from messaging.models import Chat, Draft, DraftCopy, Participant
from messaging.problems import DraftConflict, TooManyCopies

from .threads import root_in


def save_draft(*, actor: User, chat: Chat, text: str, version: int, thread: UUID | None = None) -> Draft:
    """Write the actor's draft in a chat, or in the thread below the message *thread*.

    Args:
        text: all of it; empty where nothing is left.
        version: of the draft as the device saw it last; 0 if it saw none.

    Returns:
        The draft. What stands there already is left as it is: sent again it is the same.

    Raises:
        NotFound: they are not in the chat.
        Invalid: *thread* is no message of its main line.
        DraftConflict: another device wrote meanwhile. What this one wrote is kept beside it as a copy.
        TooManyCopies: there are as many copies as are kept, so this one is not.

    Emits `DraftUpdated` to the actor's own devices, if anything changed.
    """
    draft, is_kept = _save(actor, chat, text, version, thread)
    if not is_kept:
        copy = draft.copies.filter(text=text).first() if text else None
        raise DraftConflict(draft=_named(draft), copy=copy and _named(copy))
    return draft


def discard_copy(*, actor: User, chat: Chat, copy: UUID) -> None:
    """Delete a copy that the actor has read or taken over.

    Raises:
        NotFound: there is none of theirs in this chat.

    Emits `DraftUpdated` to the actor's own devices.
    """
    with transaction.atomic():
        _require_presence(actor, chat)
        found = DraftCopy.objects.filter(pk=copy, draft__user=actor, draft__chat=chat)
        row = found.select_related("draft").select_for_update(of=("self",)).first()
        if row is None:
            raise NotFound
        row.delete()
        _tell(row.draft)


@transaction.atomic
def _save(actor: User, chat: Chat, text: str, version: int, thread: UUID | None) -> tuple[Draft, bool]:
    """The draft, and whether it says *text* now. A copy must be committed before the conflict is raised."""
    _require_presence(actor, chat)
    root = root_in(chat, thread, actor=actor) if thread else None
    Draft.objects.bulk_create([Draft(user=actor, chat=chat, thread=root)], ignore_conflicts=True)
    draft = Draft.objects.select_for_update().get(user=actor, chat=chat, thread=root)
    if draft.text == text:
        return draft, True
    if draft.version == version:
        draft.text, draft.version, draft.updated_at = text, version + 1, timezone.now()
        draft.save(update_fields=["text", "version", "updated_at"])
        _tell(draft)
        return draft, True
    copies = list(draft.copies.all())
    if text and all(copy.text != text for copy in copies):
        if len(copies) >= Draft.MAX_COPIES:
            raise TooManyCopies(limit=Draft.MAX_COPIES)
        DraftCopy.objects.create(draft=draft, text=text, version=version)
        _tell(draft)
    return draft, False


def _require_presence(actor: User, chat: Chat) -> None:
    present = Participant.objects.present().filter(chat=chat, user=actor, chat__deleted_at=None)
    if not present.exists():
        raise NotFound


def _named(row: Draft | DraftCopy) -> dict[str, Any]:
    return {"id": str(row.pk), "text": row.text, "version": row.version}


def _tell(draft: Draft) -> None:
    told = DraftUpdated(chat=draft.chat_id, thread=draft.thread_id, draft=draft.pk)
    emit(told, audience=[draft.user_id])
