from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    name = "realtime"
    verbose_name = "Live engine"

    def ready(self) -> None:
        from common.api.limits import named
        from common.events import listen
        from common.metrics import register
        from common.sizes import sizes

        from . import problems  # noqa: F401 (known, so that the documents list them)
        from .bell import ring
        from .limits import SocketLimit
        from .metrics import Sockets
        from .sizes import SIZES, SIZES_OF_SYNC

        listen(ring)
        register(Sockets())
        named.append(SocketLimit)
        sizes.update(SIZES | SIZES_OF_SYNC)
