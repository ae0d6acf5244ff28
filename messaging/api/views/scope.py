"""What operations below one chat share."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework.request import Request

from accounts.authentication import SignedRequest
from common.api.views import ApiView
from messaging.models import Chat, Message, MessageQuerySet


class ChatScoped(ApiView):
    """Operations below one chat, which is `self.chat`; 404 for who is not in it."""

    scope = "chats"
    needs_marks = False  # whether answers tell `status`, so that the chat is read with its marks
    request: SignedRequest

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        chats = Chat.objects.with_marks if self.needs_marks else Chat.objects.visible_to
        self.chat: Any = get_object_or_404(chats(self.request.user), pk=kwargs["chat"])


class MessageScoped(ApiView):
    """Operations on one message, which is `self.message`, of `self.chat`; 404 for who can't see it."""

    scope = "messages"
    request: SignedRequest

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.message: Message = get_object_or_404(self.messages(), pk=kwargs["pk"])
        self.chat: Any = get_object_or_404(
            Chat.objects.with_marks(self.request.user), pk=self.message.chat_id
        )

    def messages(self) -> MessageQuerySet:
        """Those that can be named here; whether the caller is in the chat is asked next."""
        return Message.objects.not_hidden_from(self.request.user.pk)
