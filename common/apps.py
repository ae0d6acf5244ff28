from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "common"
    verbose_name = "Platform"

    def ready(self) -> None:
        from . import dashboard
        from .mail.dashboard import CARDS

        dashboard.cards.extend(CARDS)
