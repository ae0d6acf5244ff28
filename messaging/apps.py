from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        from common import dashboard
        from realtime import registry

        from . import realtime
        from .dashboard import CARDS, CHARTS

        registry.feeds["chat"] = realtime.ChatFeed()
        registry.commands |= realtime.COMMANDS
        registry.renderers |= realtime.RENDERERS
        registry.moves |= realtime.MOVES
        dashboard.cards.extend(CARDS)
        dashboard.charts.extend(CHARTS)
