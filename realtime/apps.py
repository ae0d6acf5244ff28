from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    name = "realtime"
    verbose_name = "Live engine"

    def ready(self) -> None:
        from common.events import listen

        from .bell import ring

        listen(ring)
