from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "common"
    verbose_name = "Platform"

    def ready(self) -> None:
        from django.conf import settings

        from . import dashboard, holdings
        from .api.pagination import CursorPages
        from .mail.dashboard import CARDS
        from .privacy import PART
        from .sizes import sizes

        dashboard.cards.extend(CARDS)
        holdings.register(PART)
        sizes.update(body_bytes=settings.MAX_BODY, page_size=CursorPages.max_page_size)
