"""Who may do what in a chat. What somebody can't see at all is a matter of `Chat.objects.visible_to`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q

from accounts.models import Block, User
from common.actors import System
from common.problems import NotAllowed, NotFound

from .models import Chat, Participant, ParticipantQuerySet
from .problems import NotOpenToYou

PRIVATE, GROUP, CHANNEL = Chat.Type.PRIVATE, Chat.Type.GROUP, Chat.Type.CHANNEL
EVERYONE, ADMINS, OWNER = Chat.Level.EVERYONE, Chat.Level.ADMINS, Chat.Level.OWNER
NOBODY: Final = None

ALLOWED: Final[dict[str, dict[str, str | None]]] = {
    # action: from which role up, in a private chat, a group, a channel
    "message.send": {PRIVATE: EVERYONE, GROUP: EVERYONE, CHANNEL: ADMINS},
    "message.edit": {PRIVATE: EVERYONE, GROUP: EVERYONE, CHANNEL: ADMINS},  # one's own
    "message.delete": {PRIVATE: EVERYONE, GROUP: EVERYONE, CHANNEL: EVERYONE},  # one's own
    "message.react": {PRIVATE: EVERYONE, GROUP: EVERYONE, CHANNEL: EVERYONE},
    "message.thread": {PRIVATE: EVERYONE, GROUP: EVERYONE, CHANNEL: ADMINS},
    "message.attach": {PRIVATE: EVERYONE, GROUP: EVERYONE, CHANNEL: ADMINS},
    "message.mention_all": {PRIVATE: EVERYONE, GROUP: ADMINS, CHANNEL: ADMINS},
    "message.pin": {PRIVATE: EVERYONE, GROUP: ADMINS, CHANNEL: ADMINS},
    "message.delete_others": {PRIVATE: NOBODY, GROUP: ADMINS, CHANNEL: ADMINS},
    "participant.view": {PRIVATE: EVERYONE, GROUP: EVERYONE, CHANNEL: ADMINS},
    "participant.add": {PRIVATE: NOBODY, GROUP: ADMINS, CHANNEL: ADMINS},
    "participant.invite": {PRIVATE: NOBODY, GROUP: ADMINS, CHANNEL: ADMINS},
    "participant.remove": {PRIVATE: NOBODY, GROUP: ADMINS, CHANNEL: ADMINS},
    "participant.change_role": {PRIVATE: NOBODY, GROUP: OWNER, CHANNEL: OWNER},
    "participant.simulate": {PRIVATE: NOBODY, GROUP: ADMINS, CHANNEL: ADMINS},
    "chat.update": {PRIVATE: NOBODY, GROUP: ADMINS, CHANNEL: ADMINS},
    "chat.change_permissions": {PRIVATE: NOBODY, GROUP: ADMINS, CHANNEL: ADMINS},
    "chat.delete": {PRIVATE: NOBODY, GROUP: OWNER, CHANNEL: OWNER},
}
FIXED: Final = frozenset({"chat.delete", "participant.simulate"})  # no chat decides these for itself
SETTABLE: Final = tuple(action for action in ALLOWED if action not in FIXED)

STRICTNESS: Final[dict[str | None, int]] = {EVERYONE: 0, ADMINS: 1, OWNER: 2, NOBODY: 3}

LEAST: Final[dict[str, str]] = {  # the lowest role that a level lets
    EVERYONE: Participant.Role.MEMBER,
    ADMINS: Participant.Role.ADMIN,
    OWNER: Participant.Role.OWNER,
}


# Ways of saying something: they are for who may send, too, whatever the chat says of them.
NEEDS: Final = dict.fromkeys(
    ("message.edit", "message.thread", "message.attach", "message.mention_all"), "message.send"
)

# What reaches the other one the moment it is done: between two of whom one blocks the other nobody does it.
# In a group messages keep flowing, in one order for all.
REACHES_THE_OTHER: Final = {"message.send", "message.edit", "message.react", "message.pin"}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether somebody may do something, and what decides it."""

    action: str
    allowed: bool
    level: str | None
    rule: str


RUNNING: Final = (Participant.Role.OWNER, Participant.Role.ADMIN)  # who runs a chat


def level_of(action: str, chat: Chat) -> str | None:
    """From which role up *action* may be done in *chat*: as the chat has it, or else by the table."""
    return chat.permissions.get(action, ALLOWED[action][chat.type])


def rule_of(action: str, chat: Chat) -> str:
    """What decides that: `chat`, its own setting, or `default`, the table."""
    return "chat" if action in chat.permissions else "default"


def deciding(action: str, chat: Chat) -> str:
    """What decides who may do *action*: itself, or what it needs, whichever asks for more."""
    if (needed := NEEDS.get(action)) is None:
        return action
    return max((action, needed), key=lambda each: STRICTNESS[level_of(each, chat)])


def reaches(role: str, level: str | None) -> bool:
    """Whether somebody of *role* is among those whom *level* lets."""
    return level is not None and Participant.RANK[role] >= Participant.RANK[LEAST[level]]


def is_for_everyone(action: str, chat: Chat) -> bool:
    return level_of(action, chat) == EVERYONE


def may(actor: Participant, action: str, chat: Chat) -> bool:
    """Whether somebody in *chat* may do *action* there."""
    return reaches(actor.role, level_of(deciding(action, chat), chat))


def verdicts_on(actor: Participant, chat: Chat) -> list[Verdict]:
    """Every action, and whether somebody in *chat* may do it there."""
    return [
        Verdict(
            action=action,
            allowed=may(actor, action, chat),
            level=level_of(deciding(action, chat), chat),
            rule=rule_of(deciding(action, chat), chat),
        )
        for action in ALLOWED
    ]


def require(actor: User | System, action: str, chat: Chat) -> Participant | None:
    """The actor's own row in *chat*, if they may do *action* there; None for the platform, which may.

    Raises:
        NotFound: they are not in the chat, so it is not there for them.
        NotAllowed: they are, and may not.
        NotOpenToYou: it would reach somebody whom they block, or who blocks them.
    """
    if isinstance(actor, System):
        return None
    participant = Participant.objects.present().filter(chat=chat, user=actor).first()
    return require_of(participant, action, chat, apart=lambda: are_apart(chat, actor))


def require_of(
    participant: Participant | None, action: str, chat: Chat, *, apart: Callable[[], bool]
) -> Participant:
    """The same of somebody whose row in *chat* is at hand; None: they are not in it.

    Args:
        apart: whether the chat is a private one of which either blocks the other.
    """
    if participant is None:
        raise NotFound
    if not may(participant, action, chat):
        raise NotAllowed(denied_by=denied_by(action, participant, chat))
    if action in REACHES_THE_OTHER and apart():
        raise NotOpenToYou
    return participant


def are_apart(chat: Chat, user: User) -> bool:
    """Whether *chat* is a private one of which either blocks the other."""
    return chat.type == PRIVATE and bool(Block.objects.apart_from(user.pk, [chat.other_than(user.pk)]))


def require_changeable(actor: Participant, chat: Chat, permissions: Mapping[str, Any]) -> None:
    """That *actor* may give the chat these *permissions* in place of its own.

    Nobody opens what is above them, nor takes anything up there: both the level that was and the one to be
    must let them.

    Raises:
        NotAllowed: one of the changes reaches above them.
    """
    for action in SETTABLE:
        before = level_of(action, chat)
        after = permissions.get(action, ALLOWED[action][chat.type])
        if before != after and not (reaches(actor.role, before) and reaches(actor.role, after)):
            raise NotAllowed(denied_by=denied_by(action, actor, chat))


def people_seen_by(reader: User, chat: Chat) -> ParticipantQuerySet:
    """Who is in *chat*, as far as *reader*, who is too, may know: at least who runs it, and themselves."""
    people = chat.participants.listed()
    if is_for_everyone("participant.view", chat):
        return people
    role = chat.participants.present().filter(user=reader).values_list("role", flat=True).first()
    return people if _sees_everybody(role, chat) else people.filter(_at_least_seen_by(reader))


def people_seen_in(reader: User, chats: Sequence[Chat]) -> ParticipantQuerySet:
    """The same of several chats, in one look more."""
    own = Participant.objects.present().filter(user=reader, chat__in=chats)
    roles = dict(own.values_list("chat", "role"))
    whole = [chat for chat in chats if _sees_everybody(roles.get(chat.pk), chat)]
    seen = Q(chat__in=whole) | _at_least_seen_by(reader)
    return Participant.objects.present().filter(seen, chat__in=chats)


def _sees_everybody(role: str | None, chat: Chat) -> bool:
    return role is not None and reaches(role, level_of("participant.view", chat))


def _at_least_seen_by(reader: User) -> Q:
    return Q(user=reader) | ~Q(role=Participant.Role.MEMBER)


def denied_by(action: str, actor: Participant, chat: Chat) -> dict[str, str]:
    """What a refusal says of the rule: what was to be done, as whom, and what decided."""
    action = deciding(action, chat)
    return {"action": action, "role": actor.role, "rule": rule_of(action, chat)}


def outranked(action: str, actor: Participant) -> dict[str, str]:
    """The same, where the rank of whom it was to be done to decided."""
    return {"action": action, "role": actor.role, "rule": "rank"}
