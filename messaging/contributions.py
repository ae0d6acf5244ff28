"""What messaging adds to a person's numbers and acts."""

from typing import Any, Final

from rest_framework import serializers

from accounts.models import User
from accounts.registries import Acts, Section

from .models import Message, Participant


class MessageStatsSerializer(serializers.Serializer[Any]):
    sent = serializers.IntegerField(help_text="Messages that the person wrote.")
    chats = serializers.IntegerField(help_text="Chats that they are in now.")


def _numbers(user: User) -> dict[str, int]:
    return {
        "sent": Message.objects.filter(author=user).count(),
        "chats": Participant.objects.present().filter(user=user, chat__deleted_at=None).count(),
    }


STATS: Final = {"messages": Section(shape=MessageStatsSerializer, of=_numbers)}

ACTS: Final = [
    Acts(
        rows=lambda user: Participant.objects.present().filter(user=user, chat__deleted_at=None),
        at="joined_at",
        key="pk",
        kind=lambda participant: "chat.joined",
        data=lambda participant: {"chat": str(participant.chat_id)},
    )
]
