from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        from common import dashboard
        from common.sizes import sizes
        from realtime import registry

        from . import realtime
        from .dashboard import CARDS, CHARTS
        from .sizes import SIZES

        registry.feeds["chat"] = realtime.ChatFeed()
        registry.commands |= realtime.COMMANDS
        registry.renderers |= realtime.RENDERERS
        registry.moves |= realtime.MOVES
        dashboard.cards.extend(CARDS)
        dashboard.charts.extend(CHARTS)
        sizes.update(SIZES)
