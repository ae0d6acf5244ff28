from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        from realtime import registry

        from . import realtime

        registry.feeds["chat"] = realtime.ChatFeed()
        registry.commands |= realtime.COMMANDS
        registry.renderers |= realtime.RENDERERS
        registry.moves |= realtime.MOVES
