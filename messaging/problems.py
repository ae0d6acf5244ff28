"""Why messaging refuses."""

from django.utils.translation import gettext_lazy as _

from common.problems import Problem


class ClientIdConflict(Problem):
    status = 409
    code = "client_id_conflict"
    title = _("You sent another message under this client id.")


class OwnerMustHandOver(Problem):
    status = 409
    code = "owner_must_hand_over"
    title = _("Make somebody else the owner before you leave.")


class ChatFull(Problem):
    status = 409
    code = "chat_full"
    title = _("This chat has as many people as it can hold.")


class ContactsFull(Problem):
    status = 409
    code = "contacts_full"
    title = _("You have as many contacts as anybody can have.")


class CannotActOnEqual(Problem):
    status = 403
    code = "cannot_act_on_equal"
    title = _("You can only do this to somebody of lower rank.")


class TooManyFolders(Problem):
    status = 409
    code = "too_many_folders"
    title = _("You have as many folders as there can be.")


class TooManyInvitations(Problem):
    status = 409
    code = "too_many_invitations"
    title = _("This chat has as many invitations as there can be: take one back first.")


class AlreadyInChat(Problem):
    status = 409
    code = "already_in_chat"
    title = _("They are in this chat already.")


class InvitationEnded(Problem):
    status = 410
    code = "invitation_ended"
    title = _("This invitation lets nobody in any more.")


class RemovedBefore(Problem):
    status = 403
    code = "removed_before"
    title = _("You were removed from this chat: a link is no way back.")


class RequestRejected(Problem):
    status = 403
    code = "request_rejected"
    title = _("You asked to be let in, and were not.")


class NotOpenToYou(Problem):
    status = 403
    code = "not_open_to_you"
    title = _("Somebody there does not let you do this, or you have blocked them.")


class RevisionConflict(Problem):
    status = 412
    code = "revision_conflict"
    title = _("It was edited after the revision that you have seen.")


class EditWindowOver(Problem):
    status = 409
    code = "edit_window_over"
    title = _("What was said that long ago can't be edited any more.")


class MessageWasDeleted(Problem):
    status = 409
    code = "message_was_deleted"
    title = _("This message was deleted.")


class ReactionLimitReached(Problem):
    status = 409
    code = "reaction_limit_reached"
    title = _("This message has as many different reactions as it can hold.")


class NotForwardable(Problem):
    status = 403
    code = "not_forwardable"
    title = _("This message is not to be forwarded.")


class DraftConflict(Problem):
    status = 409
    code = "draft_conflict"
    title = _("Another device wrote this draft meanwhile. What you wrote is kept as a copy beside it.")


class TooManyCopies(Problem):
    status = 409
    code = "too_many_copies"
    title = _("This draft has as many conflict copies as are kept. Discard some.")


class TooManyScheduled(Problem):
    status = 409
    code = "too_many_scheduled"
    title = _("As many messages of yours wait in this chat as can be scheduled.")


class AlreadySent(Problem):
    status = 409
    code = "already_sent"
    title = _("This message was sent meanwhile.")


class PinLimitReached(Problem):
    status = 409
    code = "pin_limit_reached"
    title = _("This chat already has as many pins as it can hold.")
