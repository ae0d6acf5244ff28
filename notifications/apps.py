from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from accounts.scopes import areas
        from common import dashboard, holdings, metrics
        from common.relay.consumers import consumers
        from common.relay.metrics import backlog_of
        from realtime import registry

        from . import kinds, kinds_below, registries, services
        from .dashboard import CARDS, CHARTS
        from .metrics import due
        from .privacy import PART
        from .realtime import PAYLOADS, RENDERERS
        from .senders import email
        from .tasks import ring_for_delivery

        registries.channels["in_app"] = registries.Channel(name="in_app", label=_("In the app"))
        registries.channels["email"] = email.CHANNEL
        registries.bells.append(ring_for_delivery)
        registries.hearers["user"] = registries.own_stream
        for kind in kinds_below.KINDS:
            kinds.register(kind)
        for event, caller in kinds_below.CALLERS.items():
            kinds.call(event, caller)
        consumers["notifications"] = services.notice
        metrics.backlogs["notifications"] = backlog_of("notifications")
        metrics.backlogs.update(
            {name: due(name) for name, channel in registries.channels.items() if channel.send}
        )
        dashboard.cards.extend(CARDS)
        dashboard.charts.extend(CHARTS)
        holdings.register(PART)
        registry.renderers |= RENDERERS
        registry.payloads |= PAYLOADS
        areas["notifications"] = _("Notifications: reading, marking, how they are told.")
