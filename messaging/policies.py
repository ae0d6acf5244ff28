"""Who may do what in a chat. What somebody can't see at all is a matter of `Chat.objects.visible_to`."""

from typing import Final

from accounts.models import Block, User
from common.actors import System
from common.problems import NotAllowed, NotFound

from .models import Chat, Participant
from .problems import NotOpenToYou

PRIVATE, GROUP = Chat.Type.PRIVATE, Chat.Type.GROUP
OWNER, ADMIN, MEMBER = Participant.Role.OWNER, Participant.Role.ADMIN, Participant.Role.MEMBER

ALLOWED: Final[dict[str, dict[str, set[str]]]] = {
    # action: in a private chat, in a group
    "message.send": {PRIVATE: {MEMBER}, GROUP: {OWNER, ADMIN, MEMBER}},
    "message.edit": {PRIVATE: {MEMBER}, GROUP: {OWNER, ADMIN, MEMBER}},  # one's own
    "message.thread": {PRIVATE: {MEMBER}, GROUP: {OWNER, ADMIN, MEMBER}},
    "message.mention_all": {PRIVATE: {MEMBER}, GROUP: {OWNER, ADMIN}},
    "chat.update": {PRIVATE: set(), GROUP: {OWNER, ADMIN}},
    "chat.delete": {PRIVATE: set(), GROUP: {OWNER}},
    "participant.add": {PRIVATE: set(), GROUP: {OWNER, ADMIN}},
    "participant.remove": {PRIVATE: set(), GROUP: {OWNER, ADMIN}},
    "participant.change_role": {PRIVATE: set(), GROUP: {OWNER}},
}

# What reaches the other one the moment it is done: between two of whom one blocks the other nobody does it.
# In a group messages keep flowing, in one order for all.
REACHES_THE_OTHER: Final = {"message.send", "message.edit", "message.react"}


def may(actor: Participant, action: str, chat: Chat) -> bool:
    """Whether somebody in *chat* may do *action* there."""
    if action == "participant.add" and chat.type == GROUP and chat.members_can_add:
        return True
    return actor.role in ALLOWED[action][chat.type]


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
    if participant is None:
        raise NotFound
    if not may(participant, action, chat):
        raise NotAllowed(denied_by=denied_by(action, participant))
    if action in REACHES_THE_OTHER and are_apart(chat, actor):
        raise NotOpenToYou
    return participant


def are_apart(chat: Chat, user: User) -> bool:
    """Whether *chat* is a private one of which either blocks the other."""
    return chat.type == PRIVATE and bool(Block.objects.apart_from(user.pk, [chat.other_than(user.pk)]))


def denied_by(action: str, actor: Participant) -> dict[str, str]:
    """What a refusal says of the rule: what was to be done, and as whom."""
    return {"action": action, "role": actor.role}
