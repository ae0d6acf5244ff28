"""Commands of sockets: the same services as REST's."""

from typing import Any, Final

from accounts.models import User
from common.api.serializers import read
from common.ids import as_uuid
from messaging import services
from messaging.api.plain import plain, send_plain
from messaging.api.serializers import (
    DeleteCommandInput,
    DeliveredInChatInput,
    DraftInChatInput,
    DraftSerializer,
    EditCommandInput,
    MessageForReaderSerializer,
    PresenceCommandInput,
    ReactionCommandInput,
    ReadInChatInput,
    ReadThreadInput,
    ScheduledSerializer,
    SendToChatInput,
    ThreadMarkSerializer,
    TypingInChatInput,
)
from messaging.models import Chat, Message
from realtime.registry import Command, connection_in_use
from realtime.threads import commanding

from .attendance import device_at


async def send(actor: User, data: dict[str, Any]) -> dict[str, Any]:
    """A plain text goes with what others send at the same time; all else by the ordinary way."""
    chat = as_uuid(data.get("chat")) if isinstance(data, dict) else None
    said = plain({name: value for name, value in data.items() if name != "chat"}) if chat else None
    if chat and said and (message := await send_plain(actor=actor, chat=chat, said=said)):
        return message
    return await commanding(_send)(actor, data)


def _send(actor: User, data: dict[str, Any]) -> dict[str, Any]:
    given = read(SendToChatInput, data, chats=Chat.objects.with_marks(actor))
    chat = given.pop("chat")
    if "scheduled_for" in given:
        row, _ = services.schedule_message(actor=actor, chat=chat, **given)
        return ScheduledSerializer(row).data
    message, _ = services.send_message(actor=actor, chat=chat, **given)
    return MessageForReaderSerializer.show(message, chat=chat, reader=actor)


def edit(actor: User, data: dict[str, Any]) -> dict[str, Any]:
    given = read(EditCommandInput, data, messages=Message.objects.visible_to(actor))
    return _seen(services.edit_message(actor=actor, **given), actor)


def delete(actor: User, data: dict[str, Any]) -> dict[str, Any]:
    given = read(DeleteCommandInput, data, messages=Message.objects.in_chats_of(actor))
    message = given["message"]
    if given["for"] == "me":
        services.hide_message(actor=actor, message=message)
    else:
        services.delete_message(actor=actor, message=message)
    return {"chat": message.chat_id, "message": message.pk, "for": given["for"]}


def react(actor: User, data: dict[str, Any]) -> dict[str, Any]:
    given = read(ReactionCommandInput, data, messages=Message.objects.visible_to(actor))
    services.add_reaction(actor=actor, **given)
    return _seen(Message.objects.shown_to(actor.pk).get(pk=given["message"].pk), actor)


def take_reaction_back(actor: User, data: dict[str, Any]) -> dict[str, Any]:
    given = read(ReactionCommandInput, data, messages=Message.objects.visible_to(actor))
    services.remove_reaction(actor=actor, **given)
    return _seen(Message.objects.shown_to(actor.pk).get(pk=given["message"].pk), actor)


def mark_read(actor: User, data: dict[str, Any]) -> dict[str, Any]:
    given = read(ReadInChatInput, data, chats=Chat.objects.visible_to(actor))
    me = services.mark_read(actor=actor, **given)
    return {
        "chat": me.chat_id,
        "read_seq": me.read_seq,
        "unread_count": Message.objects.unread_by(me).count(),
    }


def _seen(message: Message, reader: User) -> dict[str, Any]:
    chat = Chat.objects.with_marks(reader).get(pk=message.chat_id)
    return MessageForReaderSerializer.show(message, chat=chat, reader=reader)


def mark_thread_read(actor: User, data: dict[str, Any]) -> dict[str, Any]:
    given = read(ReadThreadInput, data, chats=Chat.objects.visible_to(actor))
    mark = services.mark_thread_read(actor=actor, root=given["thread"], seq=given["seq"])
    root = Message.objects.threads_for(actor).get(pk=mark.root_id)
    return {"chat": mark.chat_id, "thread": root.pk} | ThreadMarkSerializer(root).data


def save_draft(actor: User, data: dict[str, Any]) -> dict[str, Any]:
    given = read(DraftInChatInput, data, chats=Chat.objects.visible_to(actor))
    return DraftSerializer(services.save_draft(actor=actor, **given)).data


def mark_delivered(actor: User, data: dict[str, Any]) -> dict[str, Any]:
    given = read(DeliveredInChatInput, data, chats=Chat.objects.visible_to(actor))
    me = services.mark_delivered(actor=actor, **given)
    return {"chat": me.chat_id, "delivered_seq": me.delivered_seq}


def start_typing(actor: User, data: dict[str, Any]) -> dict[str, Any]:
    return _typing(actor, data, is_typing=True)


def stop_typing(actor: User, data: dict[str, Any]) -> dict[str, Any]:
    return _typing(actor, data, is_typing=False)


def _typing(actor: User, data: dict[str, Any], *, is_typing: bool) -> dict[str, Any]:
    chat = read(TypingInChatInput, data, chats=Chat.objects.visible_to(actor))["chat"]
    services.tell_typing(actor=actor, chat=chat, is_typing=is_typing)
    return {"chat": chat.pk}


def set_presence(actor: User, data: dict[str, Any]) -> dict[str, Any]:
    given = read(PresenceCommandInput, data)
    status, is_automatic = given["status"], given.get("automatic", False)
    device = device_at(connection_in_use.get(), status)
    presence = services.set_presence(actor=actor, status=status, device=device, is_automatic=is_automatic)
    seen = services.presence_of(actor, [actor])[actor.pk]
    return {"status": presence.choice, "presence": seen.presence}


COMMANDS: Final[dict[str, Command]] = {
    "message.send": send,
    "message.edit": edit,
    "message.delete": delete,
    "message.read": mark_read,
    "draft.save": save_draft,
    "thread.read": mark_thread_read,
    "reaction.add": react,
    "reaction.remove": take_reaction_back,
    "message.delivered": mark_delivered,
    "typing.start": start_typing,
    "typing.stop": stop_typing,
    "presence.set": set_presence,
}
