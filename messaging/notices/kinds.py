"""In what words people are told of chats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from common.direction import isolated
from messaging.models import (
    Chat,
    HiddenMessage,
    Invitation,
    JoinRequest,
    Message,
    Participant,
    Reaction,
    ScheduledMessage,
    ThreadMark,
)
from notifications.kinds import Kind, Words
from notifications.models import Notification
from notifications.texts import excerpt

MENTION: Final = "mention"
REPLY: Final = "reply"
THREAD_REPLY: Final = "thread_reply"
MESSAGE: Final = "message"
REACTION: Final = "reaction"
INVITATION: Final = "invitation"
CHAT_ADDED: Final = "chat_added"
CHAT_REQUEST: Final = "chat_request"
JOIN_REQUEST: Final = "join_request"
SCHEDULED_FAILED: Final = "scheduled_failed"

PUSH_WAITS: Final = timedelta(seconds=3)  # who has the chat open reads it by then
MAIL_WAITS: Final = timedelta(minutes=3)


def ids(rows: Sequence[Notification], name: str) -> list[UUID]:
    return [UUID(row.data[name]) for row in rows if name in row.data]


class Said:
    """The messages that notifications are of, as their people may read them now."""

    def __init__(self, rows: Sequence[Notification]) -> None:
        wanted = ids(rows, "message")
        found = Message.objects.filter(deleted_at=None, chat__deleted_at=None, pk__in=wanted)
        self._messages = found.select_related("author", "chat", "forwarded_author").in_bulk()
        people = {row.user_id for row in rows}
        chats = {message.chat_id for message in self._messages.values()}
        there = Participant.objects.filter(chat__in=chats, user__in=people)
        self._reach = {(row.chat_id, row.user_id): row.left_seq for row in there}  # None: still there
        hidden = HiddenMessage.objects.filter(message__in=wanted, user__in=people)
        self._hidden = set(hidden.values_list("message", "user"))

    def of(self, row: Notification) -> Message | None:
        message = self._messages.get(UUID(row.data["message"]))
        if message is None or (message.pk, row.user_id) in self._hidden:
            return None
        if self._reach.get((message.chat_id, row.user_id), 0) is not None:
            return None  # they are not in the chat any more
        return message


def name_of(user: User | None) -> str:
    return isolated(user.display_name or user.username) if user else _("Somebody")


def title_of(chat: Chat) -> str:
    return isolated(chat.title) if chat.title else _("a group")


def what_it_says(message: Message) -> str:
    if message.text:
        return excerpt(message.text)
    match message.kind:
        case Message.Kind.VOICE:
            return _("A voice message")
        case Message.Kind.VIDEO:
            return _("A video message")
        case _other:
            return _("A file")


def path_of(message: Message) -> str:
    return f"/chats/{message.chat_id}?seq={message.seq}"


def of_messages(in_private: Any, in_group: Any) -> Callable[[Sequence[Notification]], list[Words | None]]:
    """Words of a kind that is of one message.

    Args:
        in_private, in_group: titles, not translated yet, with `author` and `chat`.
    """

    def words(rows: Sequence[Notification]) -> list[Words | None]:
        said = Said(rows)
        return [_words(said.of(row)) for row in rows]

    def _words(message: Message | None) -> Words | None:
        if message is None:
            return None
        title = in_private if message.chat.type == Chat.Type.PRIVATE else in_group
        return Words(
            title=str(title) % {"author": name_of(message.author), "chat": title_of(message.chat)},
            body=what_it_says(message),
            path=path_of(message),
        )

    return words


def reactions(rows: Sequence[Notification]) -> list[Words | None]:
    said = Said(rows)
    latest = Reaction.objects.select_related("user").in_bulk(ids(rows, "reaction"))

    def words(row: Notification) -> Words | None:
        message, reaction = said.of(row), latest.get(UUID(row.data["reaction"]))
        if message is None or (reaction is None and row.count == 1):
            return None
        if row.count == 1 and reaction:
            who = {"author": name_of(reaction.user), "emoji": reaction.emoji}
            title = _("%(author)s reacted with %(emoji)s to your message") % who
        else:
            title = ngettext(
                "%(count)d reaction to your message", "%(count)d reactions to your message", row.count
            ) % {"count": row.count}
        return Words(title=title, body=what_it_says(message), path=path_of(message))

    return [words(row) for row in rows]


def invitations(rows: Sequence[Notification]) -> list[Words | None]:
    live = Invitation.objects.live(at=timezone.now()).between_friends().select_related("chat", "created_by")
    found = live.in_bulk(ids(rows, "invitation"))

    def words(row: Notification) -> Words | None:
        invitation = found.get(UUID(row.data["invitation"]))
        if invitation is None:
            return None
        who = {"author": name_of(invitation.created_by), "chat": title_of(invitation.chat)}
        return Words(title=_("%(author)s invites you to %(chat)s") % who, path="/invitations")

    return [words(row) for row in rows]


def chats_of(rows: Sequence[Notification]) -> Callable[[Notification], Chat | None]:
    """The chats of these, for whom they are still open."""
    chats = Chat.objects.filter(deleted_at=None).in_bulk(ids(rows, "chat"))
    there = Participant.objects.present().filter(chat__in=chats, user__in={row.user_id for row in rows})
    present = set(there.values_list("chat", "user"))

    def chat_of(row: Notification) -> Chat | None:
        chat = chats.get(UUID(row.data["chat"]))
        return chat if chat and (chat.pk, row.user_id) in present else None

    return chat_of


def of_chats(
    in_group: Any, who: str, *, in_private: Any = ""
) -> Callable[[Sequence[Notification]], list[Words | None]]:
    """Words of a kind that is of somebody and a chat.

    Args:
        in_group, in_private: titles, not translated yet, with `author` and `chat`.
        who: under which name their id stands in `data`.
    """

    def words(rows: Sequence[Notification]) -> list[Words | None]:
        chat_of, people = chats_of(rows), User.objects.in_bulk(ids(rows, who))
        return [_words(row, chat_of(row), people.get(UUID(row.data[who]))) for row in rows]

    def _words(row: Notification, chat: Chat | None, user: User | None) -> Words | None:
        if chat is None:
            return None
        named = {"author": name_of(user), "chat": title_of(chat)}
        title = in_private if in_private and chat.type == Chat.Type.PRIVATE else in_group
        return Words(title=str(title) % named, path=f"/chats/{chat.pk}")

    return words


def join_requests(rows: Sequence[Notification]) -> list[Words | None]:
    """Those that still wait for an answer."""
    waiting = JoinRequest.objects.filter(
        chat__in=ids(rows, "chat"), user__in=ids(rows, "user"), rejected_at=None
    )
    there = set(waiting.values_list("chat", "user"))
    told = of_chats(gettext_lazy("%(author)s asks to join %(chat)s"), "user")(rows)
    return [
        words if (UUID(row.data["chat"]), UUID(row.data["user"])) in there else None
        for row, words in zip(rows, told, strict=True)
    ]


def scheduled(rows: Sequence[Notification]) -> list[Words | None]:
    found = ScheduledMessage.objects.in_bulk(ids(rows, "scheduled"))

    def words(row: Notification) -> Words | None:
        message = found.get(UUID(row.data["scheduled"]))
        if message is None or message.author_id != row.user_id:
            return None
        return Words(
            title=_("A message of yours could not be sent"),
            body=excerpt(message.said.get("text", "")),
            path=f"/chats/{message.chat_id}/scheduled",
        )

    return [words(row) for row in rows]


def read_by_marks(rows: Sequence[Notification]) -> set[UUID]:
    """Those whose messages their people have read in the chat or the thread."""
    people = {row.user_id for row in rows}
    roots = {row.pk: UUID(row.place.partition(":")[2]) for row in rows if row.place.startswith("thread:")}
    chats = Participant.objects.filter(chat__in=ids(rows, "chat"), user__in=people)
    upto = {(str(chat), user): seq for chat, user, seq in chats.values_list("chat", "user", "read_seq")}
    marks = ThreadMark.objects.filter(root__in=set(roots.values()), user__in=people)
    upto_in_thread = (
        {(root, user): seq for root, user, seq in marks.values_list("root", "user", "read_seq")}
        if roots
        else {}
    )
    return {
        row.pk
        for row in rows
        if (row.seq or 0)
        <= (
            upto_in_thread.get((roots[row.pk], row.user_id), 0)
            if row.pk in roots
            else upto.get((row.data["chat"], row.user_id), 0)
        )
    }


EVERYWHERE: Final = frozenset({"in_app", "email", "push"})
IN_APP_AND_PUSH: Final = frozenset({"in_app", "push"})
OF_MESSAGES: Final[dict[str, Any]] = {
    "read": read_by_marks,
    "delays": {"push": PUSH_WAITS, "email": MAIL_WAITS},
}

KINDS: Final = [
    Kind(
        name=MENTION,
        label=gettext_lazy("Somebody mentions you"),
        words=of_messages(
            gettext_lazy("%(author)s mentioned you"), gettext_lazy("%(author)s mentioned you in %(chat)s")
        ),
        channels=EVERYWHERE,
        level="mentions",
        **OF_MESSAGES,
    ),
    Kind(
        name=REPLY,
        label=gettext_lazy("Somebody replies to you"),
        words=of_messages(
            gettext_lazy("%(author)s replied to you"), gettext_lazy("%(author)s replied to you in %(chat)s")
        ),
        channels=IN_APP_AND_PUSH,
        level="mentions",
        **OF_MESSAGES,
    ),
    Kind(
        name=THREAD_REPLY,
        label=gettext_lazy("A reply in a thread that you follow"),
        words=of_messages(
            gettext_lazy("%(author)s replied in a thread"),
            gettext_lazy("%(author)s replied in a thread of %(chat)s"),
        ),
        channels=IN_APP_AND_PUSH,
        level="all",
        **OF_MESSAGES,
    ),
    Kind(
        name=MESSAGE,
        label=gettext_lazy("A message"),
        words=of_messages(gettext_lazy("%(author)s"), gettext_lazy("%(author)s in %(chat)s")),
        channels=frozenset({"push"}),  # the list of chats is where they are read
        level="all",
        **OF_MESSAGES,
    ),
    Kind(
        name=REACTION,
        label=gettext_lazy("A reaction to what you said"),
        words=reactions,
        channels=frozenset({"in_app"}),
        level="all",
    ),
    Kind(
        name=INVITATION,
        label=gettext_lazy("An invitation to a chat"),
        words=invitations,
        channels=EVERYWHERE,
    ),
    Kind(
        name=CHAT_ADDED,
        label=gettext_lazy("Somebody brings you into a chat"),
        words=of_chats(gettext_lazy("%(author)s brought you into %(chat)s"), "by"),
        channels=IN_APP_AND_PUSH,
    ),
    Kind(
        name=CHAT_REQUEST,
        label=gettext_lazy("A stranger wants to talk to you"),
        words=of_chats(
            gettext_lazy("%(author)s wants you in %(chat)s"),
            "by",
            in_private=gettext_lazy("%(author)s wants to talk to you"),
        ),
        channels=IN_APP_AND_PUSH,
    ),
    Kind(
        name=JOIN_REQUEST,
        label=gettext_lazy("Somebody asks to join a chat that you run"),
        words=join_requests,
        channels=IN_APP_AND_PUSH,
    ),
    Kind(
        name=SCHEDULED_FAILED,
        label=gettext_lazy("A scheduled message could not be sent"),
        words=scheduled,
        channels=EVERYWHERE,
    ),
]
