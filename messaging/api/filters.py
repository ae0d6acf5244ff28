from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _

from common.api.filters import IdFilter, YesOrNo
from common.problems import Invalid
from files.models import File
from messaging.models import Chat, Folder, MessageFile


class ChatFilter(django_filters.FilterSet):
    """Each of them looks at the caller's own chats alone, however many others there are."""

    type = django_filters.ChoiceFilter(choices=Chat.Type.choices, help_text="Only chats of this type.")
    unread = YesOrNo(
        lambda chats, wanted: chats.unread_first().filter(has_unread=int(wanted)),
        help_text="With something unread, or marked so; or without.",
    )
    archived = YesOrNo(
        lambda chats, wanted: chats.filter(is_archived=wanted), help_text="Those in the archive, or not."
    )
    muted = YesOrNo(
        lambda chats, wanted: chats.filter(is_muted=wanted), help_text="The silent ones, or the others."
    )
    favourite = YesOrNo(
        lambda chats, wanted: chats.filter(favourite__isnull=not wanted),
        help_text="My favourites, or the others.",
    )
    mentions = YesOrNo(
        lambda chats, wanted: (
            chats.filter(unread_mentions__gt=0) if wanted else chats.filter(unread_mentions=0)
        ),
        help_text="Where something unread calls the caller, or not.",
    )
    state = django_filters.ChoiceFilter(
        choices=[("active", _("active")), ("request", _("request"))],
        method="in_state",
        help_text="`request`: opened by a stranger and not accepted yet; `active`: all others.",
    )
    folder = IdFilter(method="in_folder", help_text="Those in this folder of mine.")
    q = django_filters.CharFilter(
        method="called", max_length=120, help_text="A part of the title, or of the other person's name."
    )

    class Meta:
        model = Chat
        fields: list[str] = []

    def in_state(self, chats: Any, name: str, value: str) -> Any:
        return chats.filter(is_request=value == "request")

    def in_folder(self, chats: Any, name: str, value: Any) -> Any:
        folder = Folder.objects.filter(user=self.request.user, pk=value).first()
        if folder is None:
            raise Invalid.field("folder", "unknown_folder", _("There is no such folder."))
        return chats.filter(pk__in=folder.places.values("chat"))

    def called(self, chats: Any, name: str, value: str) -> Any:
        return chats.named(self.request.user).filter(name__icontains=value)


class ChatFileFilter(django_filters.FilterSet):
    kind = django_filters.ChoiceFilter(
        field_name="file__kind", choices=File.Kind.choices, help_text="Only files of this kind."
    )

    class Meta:
        model = MessageFile
        fields = ["kind"]
