"""Who may do what in a chat: every role, every action, every kind of chat, written out by hand.

Nothing here is read from `policies.py`. `test_permission_matrix.py` does all of it, over REST and over the
socket, and `docs/permissions.md` shows it to who writes a client.
"""

from typing import Any, Final, NamedTuple

# --- What comes of it ---------------------------------------------------------------------------------------

MARKS: Final = {
    # mark: status and code of a refusal, the same at both doors
    "yes": None,  # it is done, and told as the action says
    "same": None,  # success, and nothing was left to do
    "left": None,  # who may not delete a chat leaves it
    "no": (403, "not_allowed"),
    "rank": (403, "cannot_act_on_equal"),
    "shut": (403, "not_open_to_you"),  # a block stands between the two
    "back": (403, "removed_before"),
    "hand": (409, "owner_must_hand_over"),
    "none": (
        404,
        "not_found",
    ),  # or 400 where the id is not in the path: word for word as of what does not exist
    "-": None,  # there is nothing to try it on
}

# --- How it is done -----------------------------------------------------------------------------------------

PICTURE: Final = "a picture"  # in place of a body: it is sent as a form
NOTES: Final = "a text"


class Action(NamedTuple):
    """One thing that people do.

    Attributes:
        policy: what of the table decides; None where it is enough to be in the chat.
        rest: method, path below `/api/v1/`, body. `{…}` is the id of what has that name.
        socket: command and data of the same, where there is one.
        tells: what is written in the logs, of the chat and of people; None if nothing changes at all.
    """

    policy: str | None
    rest: tuple[str, str, Any]
    socket: tuple[str, dict[str, Any]] | None = None
    tells: tuple[str, ...] | None = None


def _see(path: str, policy: str | None = None) -> Action:
    return Action(policy, ("get", path, None))


def _say(policy: str, **said: Any) -> Action:
    body = {"text": "Hello"} | said
    return Action(
        policy,
        ("post", "chats/{chat}/messages", body),
        ("message.send", {"chat": "{chat}"} | body),
        ("message.sent",),
    )


def _delete(message: str, policy: str) -> Action:
    return Action(
        policy,
        ("delete", f"messages/{message}", None),
        ("message.delete", {"message": message}),
        ("message.deleted",),
    )


def _edit(message: str) -> Action:
    return Action(
        "message.edit",
        ("put", f"messages/{message}", {"text": "Other words"}),
        ("message.edit", {"message": message, "text": "Other words"}),
        ("message.updated",),
    )


def _change(policy: str, **body: Any) -> Action:
    return Action(policy, ("patch", "chats/{chat}", body), tells=("chat.updated",))


def _settle(**permissions: str) -> Action:
    named = {name.replace("__", "."): level for name, level in permissions.items()}
    return _change("chat.change_permissions", settings={"permissions": named})


def _add(**body: Any) -> Action:
    return Action(
        "participant.add",
        ("post", "chats/{chat}/participants", {"user": "{newcomer}"} | body),
        tells=("chat.added", "participant.added"),
    )


def _remove(who: str) -> Action:
    return Action(
        "participant.remove",
        ("delete", f"chats/{{chat}}/participants/{who}", None),
        tells=("chat.removed", "participant.removed"),
    )


def _make(who: str, role: str) -> Action:
    return Action(
        "participant.change_role",
        ("patch", f"chats/{{chat}}/participants/{who}", {"role": role}),
        tells=("participant.updated",),
    )


def _mine(method: str, path: str, body: Any = None, tells: str = "preferences.updated") -> Action:
    return Action(None, (method, path, body), tells=(tells,))


def _leave(policy: str | None, *, leave: str, tells: tuple[str, ...]) -> Action:
    return Action(policy, ("delete", f"chats/{{chat}}?leave={leave}", None), tells=tells)


CAME: Final = ("chat.added", "participant.added")
LATER: Final = {"text": "Hello", "scheduled_for": "{tomorrow}"}

ACTIONS: Final = {
    # Seeing
    "see the chat": _see("chats/{chat}"),
    "see what it is to oneself": _see("chats/{chat}/preferences"),
    "see what is unread": _see("chats/{chat}/unread"),
    "read it back": _see("chats/{chat}/messages"),
    "search it": _see("chats/{chat}/search?q=dawn"),
    "read a message": _see("messages/{first}"),
    "see what it said before": _see("messages/{first}/history"),
    "see who has read it": _see("messages/{first}/receipts"),
    "see who reacted to it": _see("messages/{first}/reactions"),
    "read its thread": _see("messages/{first}/thread"),
    "see the threads": _see("chats/{chat}/threads"),
    "see the pins": _see("chats/{chat}/pins"),
    "see the files": _see("chats/{chat}/files"),
    "see a file": _see("files/{file}"),
    "see one's drafts": _see("chats/{chat}/drafts"),
    "see what one sends later": _see("chats/{chat}/scheduled"),
    "see what one may do": _see("chats/{chat}/permissions"),
    "see what a member may do": _see("chats/{chat}/permissions?user={member}", "participant.simulate"),
    "see the people": _see("chats/{chat}/participants"),
    "see a member": _see("chats/{chat}/participants/{member}", "participant.view"),
    "see an admin": _see("chats/{chat}/participants/{admin}"),
    "see who is invited": _see("chats/{chat}/invitations", "participant.invite"),
    "see who asks to come in": _see("chats/{chat}/join-requests", "participant.invite"),
    # Saying
    "send": _say("message.send"),
    "send, the chat in the body": Action(
        "message.send", ("post", "messages", {"chat": "{chat}", "text": "Hello"}), tells=("message.sent",)
    ),
    "send what waited": Action(
        "message.send",
        ("post", "outbox", [{"client_id": "phone-1", "chat": "{chat}", "text": "Hello"}]),
        tells=("message.sent",),
    ),
    "send later": Action(
        "message.send",
        ("post", "chats/{chat}/scheduled", LATER),
        ("message.send", {"chat": "{chat}"} | LATER),
        ("scheduled.updated",),
    ),
    "reply": _say("message.send", reply_to="{first}"),
    "call a member": _say("message.send", mentions=["{member}"]),
    "call everybody": _say("message.mention_all", mentions=["all"]),
    "answer in a thread": _say("message.thread", thread="{unfollowed}")._replace(
        tells=("message.sent", "thread.updated")
    ),
    "send a file": _say("message.attach", files=["{my_file}"]),
    "upload a file": Action("message.attach", ("post", "chats/{chat}/files", NOTES), tells=("message.sent",)),
    "forward a text into it": Action(
        "message.send",
        ("post", "messages/{elsewhere}/forward", {"chats": ["{chat}"]}),
        tells=("message.sent",),
    ),
    "forward a file into it": Action(
        "message.attach",
        ("post", "messages/{file_elsewhere}/forward", {"chats": ["{chat}"]}),
        tells=("message.sent",),
    ),
    "forward out of it": Action(
        None, ("post", "messages/{first}/forward", {"chats": ["{other_chat}"]}), tells=("message.sent",)
    ),
    "save a draft": Action(
        None,
        ("put", "chats/{chat}/drafts", {"text": "Hel", "version": 0}),
        ("draft.save", {"chat": "{chat}", "text": "Hel", "version": 0}),
        ("draft.updated",),
    ),
    "be seen typing": Action(
        "message.send",
        ("post", "chats/{chat}/typing", {"state": "start"}),
        ("typing.start", {"chat": "{chat}"}),
    ),
    "be seen typing no more": Action(
        "message.send",
        ("post", "chats/{chat}/typing", {"state": "stop"}),
        ("typing.stop", {"chat": "{chat}"}),
    ),
    # With what is said
    "edit one's own": _edit("{mine}"),
    "edit a member's": _edit("{by_member}"),
    "delete one's own": _delete("{mine}", "message.delete"),
    "delete a member's": _delete("{by_member}", "message.delete_others"),
    "delete an admin's": _delete("{by_admin}", "message.delete_others"),
    "delete the owner's": _delete("{first}", "message.delete_others"),
    "delete the platform's": _delete("{by_platform}", "message.delete_others"),
    "delete for oneself": Action(
        None,
        ("delete", "messages/{first}?for=me", None),
        ("message.delete", {"message": "{first}", "for": "me"}),
        ("message.hidden",),
    ),
    "react": Action(
        "message.react",
        ("post", "messages/{first}/reactions", {"emoji": "🐪"}),
        ("reaction.add", {"message": "{first}", "emoji": "🐪"}),
        ("reaction.added",),
    ),
    "take a reaction back": Action(
        None,
        ("delete", "messages/{first}/reactions/👍", None),
        ("reaction.remove", {"message": "{first}", "emoji": "👍"}),
        ("reaction.removed",),
    ),
    "pin": Action(
        "message.pin", ("post", "chats/{chat}/pins", {"message": "{first}"}), tells=("message.pinned",)
    ),
    "unpin": Action(
        "message.pin", ("delete", "chats/{chat}/pins/{pinned}", None), tells=("message.unpinned",)
    ),
    # Marks
    "mark as read": Action(
        None,
        ("post", "chats/{chat}/read", {"seq": 1000}),
        ("message.read", {"chat": "{chat}", "seq": 1000}),
        ("mark.moved",),
    ),
    "mark as arrived": Action(
        None,
        ("put", "messages/{last}/status", {"status": "delivered"}),
        ("message.delivered", {"chat": "{chat}", "seq": 1000}),
        (),
    ),
    "mark a message as read": Action(
        None, ("put", "messages/{last}/status", {"status": "read"}), tells=("mark.moved",)
    ),
    "mark a thread as read": Action(
        None,
        ("post", "messages/{first}/thread/read", {"seq": 1000}),
        ("thread.read", {"thread": "{first}", "seq": 1000}),
        ("thread.updated",),
    ),
    "follow a thread": _mine("put", "messages/{unfollowed}/thread/follow", tells="thread.updated"),
    "mark as unread": _mine("post", "chats/{chat}/unread"),
    "archive": _mine("post", "chats/{chat}/archive"),
    "mute": _mine("post", "chats/{chat}/mute", {}),
    "make a favourite": _mine("patch", "chats/{chat}/preferences", {"favourite": 1}),
    "accept what a stranger opened": _mine("post", "chats/{chat}/accept"),
    # People
    "add a member": _add(),
    "add an admin": _add(role="admin"),
    "add an owner": _add(role="owner"),
    "remove a member": _remove("{member}"),
    "remove an admin": _remove("{admin}"),
    "remove the owner": _remove("{owner}"),
    "make a member an admin": _make("{member}", "admin"),
    "make an admin a member": _make("{admin}", "member"),
    "make a member the owner": _make("{member}", "owner"),
    "make the owner a member": _make("{owner}", "member"),
    "invite by a link": Action("participant.invite", ("post", "chats/{chat}/invitations", {}), tells=()),
    "invite somebody": Action(
        "participant.invite",
        ("post", "chats/{chat}/invitations", {"user": "{newcomer}"}),
        tells=("invitation.received",),
    ),
    "take an invitation back": Action(
        "participant.invite", ("delete", "chats/{chat}/invitations/{link}", None), tells=()
    ),
    "let somebody in who asks": Action(
        "participant.invite", ("post", "chats/{chat}/join-requests/{asking}/approve", None), tells=CAME
    ),
    "turn somebody away who asks": Action(
        "participant.invite",
        ("post", "chats/{chat}/join-requests/{asking}/reject", None),
        tells=("join_request.rejected",),
    ),
    "come by a link": Action(None, ("post", "invitations/{link_token}/accept", None), tells=CAME),
    "come by another's invitation": Action(
        None, ("post", "invitations/{invited_token}/accept", None), tells=CAME
    ),
    # The chat
    "rename it": _change("chat.update", title="Petra"),
    "keep its messages in it": _change("chat.update", settings={"no_forward": True}),
    "change its picture": Action(
        "chat.update", ("put", "chats/{chat}/avatar", PICTURE), tells=("chat.updated",)
    ),
    "take its picture away": Action(
        "chat.update", ("delete", "chats/{chat}/avatar", None), tells=("chat.updated",)
    ),
    "let admins react alone": _settle(message__react="admins"),
    "let the owner react alone": _settle(message__react="owner"),
    "let admins change roles": _settle(participant__change_role="admins"),
    "leave": _leave(None, leave="true", tells=("chat.removed", "participant.removed")),
    "delete it": _leave("chat.delete", leave="false", tells=("chat.removed",)),
}

# --- Who may, inside ----------------------------------------------------------------------------------------

KINDS: Final = {
    # type, and what the chat settles for itself: the level of every action that it can, then of single ones
    "group": ("group", None, {}),
    "channel": ("channel", None, {}),
    "read-only": ("group", None, {"message.send": "admins"}),
    "open": ("group", "everyone", {}),
    "closed": ("group", "owner", {}),
}
OWN: Final = ("read-only", "open", "closed")  # groups that settle something for themselves
INSIDE: Final = ("owner", "admin", "member")

# A `request`, whom a stranger brought in and who has not accepted yet, may what a member may.
REQUEST: Final = {"accept what a stranger opened": "yes"}

WITH_OTHERS: Final = """
                               group           channel         read-only       open            closed
                               own  adm  mem   own  adm  mem   own  adm  mem   own  adm  mem   own  adm  mem
see the chat                   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
see what it is to oneself      yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
see what is unread             yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
read it back                   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
search it                      yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
read a message                 yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
see what it said before        yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
see who has read it            yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
see who reacted to it          yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
read its thread                yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
see the threads                yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
see the pins                   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
see the files                  yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
see a file                     yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
see one's drafts               yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
see what one sends later       yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
see what one may do            yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
see what a member may do       yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  no
see the people                 yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
see a member                   yes  yes  yes   yes  yes  none  yes  yes  yes   yes  yes  yes   yes  none none
see an admin                   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
see who is invited             yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
see who asks to come in        yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no

send                           yes  yes  yes   yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
send, the chat in the body     yes  yes  yes   yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
send what waited               yes  yes  yes   yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
send later                     yes  yes  yes   yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
reply                          yes  yes  yes   yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
call a member                  yes  yes  yes   yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
call everybody                 yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
answer in a thread             yes  yes  yes   yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
send a file                    yes  yes  yes   yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
upload a file                  yes  yes  yes   yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
forward a text into it         yes  yes  yes   yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
forward a file into it         yes  yes  yes   yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
forward out of it              yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
save a draft                   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
be seen typing                 yes  yes  yes   yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
be seen typing no more         yes  yes  yes   yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no

edit one's own                 yes  yes  yes   yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
edit a member's                no   no   no    no   no   no    no   no   no    no   no   no    no   no   no
delete one's own               yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  no   no
delete a member's              yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  rank  yes  no   no
delete an admin's              yes  rank no    yes  rank no    yes  rank no    yes  rank rank  yes  no   no
delete the owner's             yes  rank no    yes  rank no    yes  rank no    yes  rank rank  yes  no   no
delete the platform's          rank rank no    rank rank no    rank rank no    rank rank rank  rank no   no
delete for oneself             yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
react                          yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  no   no
take a reaction back           yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
pin                            yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
unpin                          yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no

mark as read                   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
mark as arrived                yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
mark a message as read         yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
mark a thread as read          yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
follow a thread                yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
mark as unread                 yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
archive                        yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
mute                           yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
make a favourite               yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes   yes  yes  yes
accept what a stranger opened  same same same  same same same  same same same  same same same  same same same

add a member                   yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
add an admin                   yes  rank no    yes  rank no    yes  rank no    yes  rank rank  yes  no   no
add an owner                   rank rank no    rank rank no    rank rank no    rank rank rank  rank no   no
remove a member                yes  yes  no    yes  yes  none  yes  yes  no    yes  yes  rank  yes  none none
remove an admin                yes  rank no    yes  rank no    yes  rank no    yes  rank rank  yes  no   no
remove the owner               hand rank no    hand rank no    hand rank no    hand rank rank  hand no   no
make a member an admin         yes  no   no    yes  no   none  yes  no   no    yes  yes  rank  yes  none none
make an admin a member         yes  no   no    yes  no   no    yes  no   no    yes  rank rank  yes  no   no
make a member the owner        yes  no   no    yes  no   none  yes  no   no    yes  rank rank  yes  none none
make the owner a member        hand no   no    hand no   no    hand no   no    hand rank rank  hand no   no
invite by a link               yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
invite somebody                yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
take an invitation back        yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  rank  yes  no   no
let somebody in who asks       yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
turn somebody away who asks    yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
come by a link                 same same same  same same same  same same same  same same same  same same same
come by another's invitation   none none none  none none none  none none none  none none none  none none none

rename it                      yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
keep its messages in it        yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
change its picture             yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
take its picture away          yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  yes   yes  no   no
let admins react alone         yes  yes  no    yes  yes  no    yes  yes  no    yes  yes  no    yes  no   no
let the owner react alone      yes  no   no    yes  no   no    yes  no   no    yes  no   no    same no   no
let admins change roles        yes  no   no    yes  no   no    yes  no   no    yes  yes  no    yes  no   no
leave                          hand yes  yes   hand yes  yes   hand yes  yes   hand yes  yes   hand yes  yes
delete it                      yes  left left  yes  left left  yes  left left  yes  left left  yes  left left
"""

# A private chat has no ranks. Of two who both blocked each other, see the two columns.
PRIVATE: Final = ("member", "request", "blocking", "blocked")
IN_PRIVATE: Final = """
                               member request blocking blocked
see the chat                   yes    yes     yes      yes
see what it is to oneself      yes    yes     yes      yes
see what is unread             yes    yes     yes      yes
read it back                   yes    yes     yes      yes
search it                      yes    yes     yes      yes
read a message                 yes    yes     yes      yes
see what it said before        yes    yes     yes      yes
see who has read it            yes    yes     yes      yes
see who reacted to it          yes    yes     yes      yes
read its thread                yes    yes     yes      yes
see the threads                yes    yes     yes      yes
see the pins                   yes    yes     yes      yes
see the files                  yes    yes     yes      yes
see a file                     yes    yes     yes      yes
see one's drafts               yes    yes     yes      yes
see what one sends later       yes    yes     yes      yes
see what one may do            yes    yes     yes      yes
see what a member may do       no     no      no       no
see the people                 yes    yes     yes      yes
see a member                   yes    yes     yes      yes
see an admin                   -      -       -        -
see who is invited             no     no      no       no
see who asks to come in        no     no      no       no

send                           yes    yes     shut     shut
send, the chat in the body     yes    yes     shut     shut
send what waited               yes    yes     shut     shut
send later                     yes    yes     shut     shut
reply                          yes    yes     shut     shut
call a member                  yes    yes     shut     shut
call everybody                 yes    yes     shut     shut
answer in a thread             yes    yes     shut     shut
send a file                    yes    yes     shut     shut
upload a file                  yes    yes     shut     shut
forward a text into it         yes    yes     shut     shut
forward a file into it         yes    yes     shut     shut
forward out of it              yes    yes     yes      yes
save a draft                   yes    yes     yes      yes
be seen typing                 yes    yes     shut     shut
be seen typing no more         yes    yes     shut     shut

edit one's own                 yes    yes     shut     shut
edit a member's                no     no      shut     shut
delete one's own               yes    yes     yes      yes
delete a member's              no     no      no       no
delete an admin's              -      -       -        -
delete the owner's             -      -       -        -
delete the platform's          no     no      no       no
delete for oneself             yes    yes     yes      yes
react                          yes    yes     shut     shut
take a reaction back           yes    yes     yes      yes
pin                            yes    yes     shut     shut
unpin                          yes    yes     shut     shut

mark as read                   yes    yes     yes      yes
mark as arrived                yes    yes     yes      yes
mark a message as read         yes    yes     yes      yes
mark a thread as read          yes    yes     yes      yes
follow a thread                yes    yes     yes      yes
mark as unread                 yes    yes     yes      yes
archive                        yes    yes     yes      yes
mute                           yes    yes     yes      yes
make a favourite               yes    yes     yes      yes
accept what a stranger opened  same   yes     same     same

add a member                   no     no      no       no
add an admin                   no     no      no       no
add an owner                   no     no      no       no
remove a member                no     no      no       no
remove an admin                -      -       -        -
remove the owner               -      -       -        -
make a member an admin         no     no      no       no
make an admin a member         -      -       -        -
make a member the owner        no     no      no       no
make the owner a member        -      -       -        -
invite by a link               no     no      no       no
invite somebody                no     no      no       no
take an invitation back        no     no      no       no
let somebody in who asks       no     no      no       no
turn somebody away who asks    no     no      no       no
come by a link                 -      -       -        -
come by another's invitation   -      -       -        -

rename it                      no     no      no       no
keep its messages in it        no     no      no       no
change its picture             no     no      no       no
take its picture away          no     no      no       no
let admins react alone         no     no      no       no
let the owner react alone      no     no      no       no
let admins change roles        no     no      no       no
leave                          yes    yes     yes      yes
delete it                      left   left    left     left
"""

# --- Who may, outside ---------------------------------------------------------------------------------------

# Who left, who was removed, who is invited, who asked to come in, who has nothing to do with it, nor where
# they moderate the platform: for all of them no chat is there, of whatever kind, but for what brings them in.
OUTSIDE: Final = ("former", "removed", "invited", "asking", "stranger", "moderator")
FROM_OUTSIDE: Final = """
                               former removed invited asking stranger moderator
come by a link                 yes    back    yes     yes    yes      yes
come by another's invitation   none   none    yes     none   none     none
"""


def cells(table: str) -> dict[str, list[str]]:
    """The marks of each row of *table*, from left to right."""
    rows = [line for line in table.splitlines() if line and not line.startswith(" ")]
    return {row[:31].rstrip(): row[31:].split() for row in rows}


def expected(kind: str, role: str) -> dict[str, str]:
    """The mark of every action, as *role* in a chat of *kind*: one of `KINDS`, or `private`."""
    if role in OUTSIDE:
        marks = dict.fromkeys(ACTIONS, "none")
        if kind == "private":
            return marks | {action: "-" for action, row in cells(IN_PRIVATE).items() if row[0] == "-"}
        return marks | {action: row[OUTSIDE.index(role)] for action, row in cells(FROM_OUTSIDE).items()}
    if kind == "private":
        return {action: row[PRIVATE.index(role)] for action, row in cells(IN_PRIVATE).items()}
    as_ = "member" if role == "request" else role
    column = list(KINDS).index(kind) * len(INSIDE) + INSIDE.index(as_)
    marks = {action: row[column] for action, row in cells(WITH_OTHERS).items()}
    return marks | (REQUEST if role == "request" else {})
