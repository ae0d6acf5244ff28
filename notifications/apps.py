from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from accounts.scopes import areas
        from common.relay.consumers import consumers
        from realtime import registry

        from . import kinds, kinds_below, registries, services
        from .realtime import PAYLOADS, RENDERERS
        from .tasks import ring_for_delivery

        registries.channels["in_app"] = registries.Channel(name="in_app", label=_("In the app"))
        registries.bells.append(ring_for_delivery)
        registries.hearers["user"] = registries.own_stream
        for kind in kinds_below.KINDS:
            kinds.register(kind)
        for event, caller in kinds_below.CALLERS.items():
            kinds.call(event, caller)
        consumers["notifications"] = services.notice
        registry.renderers |= RENDERERS
        registry.payloads |= PAYLOADS
        areas["notifications"] = _("Notifications: reading, marking, how they are told.")
