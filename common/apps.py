from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "common"
    verbose_name = "Platform"

    def ready(self) -> None:
        from django.conf import settings
        from django.db.backends.signals import connection_created
        from django.db.models.signals import post_migrate

        from . import dashboard, events, holdings, metrics
        from .api.pagination import CursorPages
        from .mail.dashboard import CARDS
        from .privacy import PART
        from .relay import dashboard as relay
        from .relay.bell import bell
        from .relay.metrics import dead_letters
        from .relay.services import prepare_cursors
        from .sizes import sizes

        connection_created.connect(metrics.time_queries)
        events.listen(metrics.count_events)
        events.listen(bell.ring)
        post_migrate.connect(prepare_cursors, sender=self)
        metrics.backlogs.update(dead_letters=dead_letters)
        metrics.backlogs.update(mails=metrics.mails, jobs=metrics.jobs, tasks=metrics.tasks)
        metrics.register(metrics.Backlogs())
        metrics.register(metrics.Pool())
        dashboard.cards.extend([*CARDS, *relay.CARDS])
        holdings.register(PART)
        sizes.update(body_bytes=settings.MAX_BODY, page_size=CursorPages.max_page_size)
