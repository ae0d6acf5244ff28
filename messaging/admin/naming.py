"""What chats and people in them are called in the console."""

from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from messaging.models import Chat, Participant


def may_read(request: HttpRequest) -> bool:
    return request.user.has_perm("messaging.view_message_text")


def the_two(path: str) -> "Prefetch[Any]":
    """Who is in a private chat: one query for a page of rows, and none of a group's thousands."""
    two = Participant.objects.filter(chat__type=Chat.Type.PRIVATE).select_related("user").order_by("id")
    return Prefetch(path, two, to_attr="the_two")


def name_of(chat: Any) -> str:
    """A private chat has no title: it is called after the two in it."""
    return chat.title or " · ".join(each.user.display_name for each in chat.the_two)


def standing(participant: Participant) -> str:
    if participant.left_seq is not None:
        return str(_("left"))
    return str(participant.get_role_display())
