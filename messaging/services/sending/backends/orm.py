"""Any database, in Django's words: what the other backends are held against."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q

from accounts.models import Block
from common.models import Entry, LogEntry
from messaging.models import Chat, Message, Participant
from messaging.services.sending.ground import Before, Ground, Send

MOVED = ("last_seq", "last_message", "last_activity_at")  # of a chat, by a message


class OrmBackend:
    def look(self, sends: Sequence[Send]) -> Ground:
        # Everybody locks in the order of ids, so that two batches can't wait for each other.
        found = Chat.objects.select_for_update().filter(pk__in={send.chat for send in sends}, deleted_at=None)
        chats = {chat.pk: chat for chat in found.order_by("pk")}
        authors = {send.author for send in sends if send.author}
        rows = Participant.objects.present().filter(chat__in=chats, user__in=authors)
        people = {(row.chat_id, row.user_id): row for row in rows}
        return Ground(chats=chats, people=people, apart=self._apart(chats, people), before=sent_before(sends))

    @staticmethod
    def _apart(
        chats: dict[UUID, Chat], people: dict[tuple[UUID, UUID], Participant]
    ) -> set[tuple[UUID, UUID]]:
        pairs = {
            (chat, user): chats[chat].other_than(user)
            for chat, user in people
            if chats[chat].type == Chat.Type.PRIVATE
        }
        if not pairs:
            return set()
        between = {*pairs.values(), *(user for _, user in pairs)}
        rows = Block.objects.filter(blocker__in=between, blocked__in=between)
        blocks = set(rows.values_list("blocker", "blocked"))
        return {
            (chat, user) for (chat, user), other in pairs.items() if {(user, other), (other, user)} & blocks
        }

    def keep(self, *, said: Sequence[Message], moved: Sequence[Chat], log: Sequence[Entry]) -> None:
        Message.objects.bulk_create(said)
        for chat in moved:
            chat.save(update_fields=MOVED)
        LogEntry.objects.keep(log)


def sent_before(sends: Sequence[Send]) -> dict[tuple[UUID | None, str], Before]:
    """Messages that were sent under the client ids of *sends*, by author and client id."""
    names: dict[UUID | None, set[str]] = {}
    for send in sends:
        if send.client_id:
            names.setdefault(send.author, set()).add(send.client_id)
    if not names:
        return {}
    named = Q()
    for author, ids in names.items():
        named |= Q(author=author, client_id__in=ids)
    rows = Message.objects.filter(named).values_list("author", "client_id", "pk", "fingerprint", "deleted_at")
    return {
        (author, client_id): Before(pk, fingerprint, deleted_at is not None)
        for author, client_id, pk, fingerprint, deleted_at in rows
    }
