"""What messaging holds about people."""

from typing import Final

from common.holdings import BLANK, Erase, Field, Holding, Keep, Part

from .models import (
    Chat,
    Contact,
    HiddenMessage,
    Mention,
    Message,
    Participant,
    Reaction,
    ReactionCount,
    Revision,
    ThreadMark,
)
from .services import leave_every_chat

GROUPS: Final = Keep("It is the group's: the others in it are there under this name.")
PLACE: Final = Keep("The place of the message in the conversation of others, which counts without a gap.")

HOLDINGS: Final = [
    Holding(
        model=Message,
        whose="author",
        purpose="What people say to each other.",
        retention="as long as the chat",
        erase=Erase.BY_FIELD,
        export="messages",
        also={"chat_title": "chat.title", "chat_type": "chat.type"},
        fields={
            "id": Field("Names the message.", "id", PLACE),
            "chat": Field("Where it was said.", "chat", PLACE),
            "seq": Field("Its place there.", "seq", PLACE),
            "author": Field(
                "Who said it.", None, Keep("An id that names nobody any more: “Erased user” is shown.")
            ),
            "kind": Field("Whether a person or the platform said it.", "kind", PLACE),
            "text": Field("What was said.", "text", BLANK),
            "mentions": Field("Whom it calls.", "mentions", BLANK),
            "mentions_all": Field("Whether it calls everybody.", "mentions_all", PLACE),
            "thread": Field("The message below which it was said.", "thread", PLACE),
            "reply_count": Field("How many replies are below it.", None, PLACE),
            "last_reply_seq": Field("Where the newest of them stands.", None, PLACE),
            "last_reply_at": Field("When it was sent.", None, PLACE),
            "client_id": Field("A retry is the same message.", "client_id", BLANK),
            "fingerprint": Field("Whether a retry says the same.", None, BLANK),
            "reply_to": Field("What it answers.", "reply_to", PLACE),
            "quote": Field("What it quotes of that.", "quote", BLANK),
            "no_forward": Field("Whether it is not to be forwarded.", "no_forward", PLACE),
            "forwarded_from": Field("Whence it was forwarded.", None, PLACE),
            "forwarded_author": Field(
                "Who said it first.", None, Keep("Of somebody else; an id, which may name nobody any more.")
            ),
            "forwarded_at": Field("When it was said first.", "forwarded_at", PLACE),
            "revision": Field("Whether it was edited.", "revision", PLACE),
            "edited_at": Field("When it was edited.", "edited_at", PLACE),
            "deleted_at": Field("When it was deleted for all.", "deleted_at", PLACE),
            "deleted_by": Field(
                "By whom.",
                None,
                Keep("Who wrote it may want to know. An id: it may name nobody any more."),
            ),
            "created_at": Field("When it was said.", "created_at", PLACE),
        },
    ),
    Holding(
        model=Revision,
        whose="message__author",
        purpose="What an edited message said before.",
        retention="as long as the message",
        erase=Erase.DELETE_ROW,
        export="revisions",
        fields={
            "id": Field("Names the revision."),
            "message": Field("Of which message.", "message"),
            "revision": Field("Their order.", "revision"),
            "text": Field("What was said.", "text"),
            "created_at": Field("Since when it said so.", "created_at"),
        },
    ),
    Holding(
        model=Reaction,
        whose="user",
        purpose="How people react to what is said.",
        retention="as long as the message",
        erase=Erase.DELETE_ROW,
        export="reactions",
        fields={
            "id": Field("Names the reaction."),
            "message": Field("To which message.", "message"),
            "user": Field("Whose."),
            "emoji": Field("The reaction.", "emoji"),
            "created_at": Field("Since when.", "created_at"),
        },
    ),
    Holding(
        model=ReactionCount,
        purpose="How many react with the same emoji.",
        retention="as long as the message",
        fields={
            "id": Field("Names the row, and orders by first use."),
            "message": Field("To which message."),
            "emoji": Field("With what."),
            "count": Field("How many."),
        },
    ),
    Holding(
        model=HiddenMessage,
        whose="user",
        purpose="Which messages somebody has deleted for themselves.",
        retention="as long as the message",
        erase=Erase.DELETE_ROW,
        export="hidden_messages",
        fields={
            "id": Field("Names the row."),
            "user": Field("For whom."),
            "message": Field("Which message.", "message"),
            "created_at": Field("Since when.", "created_at"),
        },
    ),
    Holding(
        model=Participant,
        whose="user",
        purpose="Who is in a chat, as what, and how far they have read.",
        retention="as long as the chat",
        erase=Erase.DELETE_ROW,
        export="memberships",
        also={"chat_title": "chat.title", "chat_type": "chat.type"},
        fields={
            "id": Field("Names the membership."),
            "chat": Field("Which chat.", "chat"),
            "user": Field("Who."),
            "role": Field("What they may do there.", "role"),
            "read_seq": Field("What is unread.", "read_seq"),
            "left_seq": Field("What was for them, after they left.", "left_seq"),
            "joined_at": Field("Since when.", "joined_at"),
            "archived_seq": Field("Whether they put it away, and where it was then.", "archived_seq"),
            "muted_until": Field("How long they want to hear nothing of it.", "muted_until"),
            "marked_unread": Field("Whether they want to come back to it.", "marked_unread"),
            "favourite": Field("Its place among their favourites.", "favourite"),
        },
    ),
    Holding(
        model=Mention,
        whose=("user", "message__author"),
        purpose="Who is called by which message.",
        retention="as long as the message",
        erase=Erase.DELETE_ROW,
        export="mentions",
        shown="user",
        fields={
            "id": Field("Names the call."),
            "message": Field("Which message.", "message"),
            "user": Field("Who."),
        },
    ),
    Holding(
        model=ThreadMark,
        whose="user",
        purpose="Which threads somebody follows, and how far they have read them.",
        retention="as long as the chat",
        erase=Erase.DELETE_ROW,
        export="threads",
        fields={
            "id": Field("Names the mark."),
            "chat": Field("Which chat.", "chat"),
            "root": Field("Which thread.", "thread"),
            "user": Field("Who."),
            "read_seq": Field("What is unread.", "read_seq"),
            "is_following": Field("Whether it counts for them.", "following"),
        },
    ),
    Holding(
        model=Contact,
        whose=("owner", "user"),
        purpose="Whom somebody knows, and what they call them. The other is not told.",
        retention="until it is taken away, or one of the two is erased",
        erase=Erase.DELETE_ROW,
        export="contacts",
        shown="owner",
        fields={
            "id": Field("Names the contact."),
            "owner": Field("Who knows."),
            "user": Field("Whom: an id.", "user"),
            "alias": Field("What they call them.", "alias"),
            "created_at": Field("Since when.", "created_at"),
        },
    ),
    Holding(
        model=Chat,
        whose="created_by",
        purpose="A conversation of several. One that nobody else was ever in is deleted with the account.",
        retention="until its last member leaves",
        erase=Erase.BY_FIELD,
        export="chats_opened",
        fields={
            "id": Field("Names the chat.", "id", GROUPS),
            "type": Field("How many may be in it.", "type", GROUPS),
            "title": Field("What it is called.", "title", GROUPS),
            "description": Field("What it is for.", "description", GROUPS),
            "edit_window": Field("How long messages may be edited.", "edit_window", GROUPS),
            "permissions": Field("Who may do what in it.", "permissions", GROUPS),
            "no_forward": Field("Whether what is said stays there.", "no_forward", GROUPS),
            "private_key": Field(
                "Two people have one private chat.",
                None,
                Keep("Two ids, of which one names nobody any more."),
            ),
            "participant_count": Field("How many are in it.", None, GROUPS),
            "last_seq": Field("Counts what happens in it.", None, GROUPS),
            "last_message": Field("The list of chats shows it.", None, GROUPS),
            "last_activity_at": Field("The order of that list.", None, GROUPS),
            "created_by": Field("Who opened it.", None, Keep("An id that names nobody any more.")),
            "created_at": Field("When.", "created_at", GROUPS),
            "deleted_at": Field("Whether it is gone.", "deleted_at", GROUPS),
        },
    ),
]


PART: Final = Part(app="messaging", holdings=HOLDINGS, before=lambda who: leave_every_chat(user=who.id))
