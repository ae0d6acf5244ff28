from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    name = "realtime"
    verbose_name = "Live engine"

    def ready(self) -> None:
        from common.events import listen
        from common.sizes import sizes

        from . import problems  # noqa: F401 (known, so that the documents list them)
        from .bell import ring
        from .sizes import SIZES

        listen(ring)
        sizes.update(SIZES)
