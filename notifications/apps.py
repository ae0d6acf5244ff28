from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        from . import registries
        from .tasks import ring_for_delivery

        registries.bells.append(ring_for_delivery)
        registries.hearers["user"] = registries.own_stream
