from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "files"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from accounts import registries as people
        from accounts.scopes import areas
        from accounts.services import audit
        from common import dashboard, holdings
        from common.health import checks
        from common.jobs.work import register
        from common.sizes import large_bodies, sizes
        from realtime import registry

        from . import registries
        from .contributions import STATS
        from .dashboard import CARDS
        from .health import CHECKS
        from .jobs import KINDS
        from .privacy import PART
        from .realtime import PAYLOADS, RENDERERS
        from .sizes import LARGE_BODIES, SIZES
        from .tasks import look_for_viruses, show_smaller
        from .verbs import VERBS

        registry.renderers |= RENDERERS
        registry.payloads |= PAYLOADS
        sizes.update(SIZES)
        large_bodies.update(LARGE_BODIES)
        areas["files"] = _("Files: uploading, reading, deleting.")
        audit.verbs.update(VERBS)
        people.stats.update(STATS)
        dashboard.cards.extend(CARDS)
        holdings.register(PART)
        registries.arrived.extend([look_for_viruses, show_smaller])
        checks.CHECKS.update(CHECKS)
        for kind in KINDS:
            register(kind)
