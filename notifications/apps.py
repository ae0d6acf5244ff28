from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        from django.conf import settings
        from django.utils.translation import gettext_lazy as _

        from accounts.scopes import areas
        from accounts.services import audit
        from common import dashboard, holdings, metrics
        from common.health import checks
        from common.relay.consumers import consumers
        from common.relay.metrics import backlog_of
        from common.sizes import sizes
        from realtime import registry

        from . import kinds, kinds_below, registries, services
        from .dashboard import CARDS, CHARTS
        from .health import CHECKS
        from .metrics import due
        from .privacy import PART
        from .realtime import PAYLOADS, RENDERERS
        from .senders import email, push, webhook
        from .sizes import SIZES
        from .tasks import ring_for_delivery
        from .verbs import VERBS

        registries.channels["in_app"] = registries.Channel(name="in_app", label=_("In the app"))
        registries.channels["email"] = email.CHANNEL
        registries.channels["push"] = push.CHANNEL
        registries.channels["webhook"] = webhook.channel(settings.WEBHOOK_BACKOFF)
        registries.bells.append(ring_for_delivery)
        registries.hearers["user"] = registries.own_stream
        for kind in kinds_below.KINDS:
            kinds.register(kind)
        for event, caller in kinds_below.CALLERS.items():
            kinds.call(event, caller)
        consumers["notifications"] = services.notice
        consumers["webhooks"] = services.hear
        for name in ("notifications", "webhooks"):
            metrics.backlogs[f"relay_{name}"] = backlog_of(name)
        for name, channel in registries.channels.items():
            if channel.pack:
                metrics.backlogs[name] = due(name)
        registry.renderers |= RENDERERS
        registry.payloads |= PAYLOADS
        dashboard.cards.extend(CARDS)
        dashboard.charts.extend(CHARTS)
        audit.verbs.update(VERBS)
        holdings.register(PART)
        checks.CHECKS.update(CHECKS)
        sizes.update(SIZES)
        areas["notifications"] = _("Notifications: reading, marking, how they are told.")
        areas["webhooks"] = _("Webhooks: what they hear and what became of it, pausing and resuming them.")
