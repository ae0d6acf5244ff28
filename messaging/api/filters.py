import django_filters

from messaging.models import Chat


class ChatFilter(django_filters.FilterSet):
    type = django_filters.ChoiceFilter(choices=Chat.Type.choices, help_text="Only chats of this type.")

    class Meta:
        model = Chat
        fields = ["type"]
