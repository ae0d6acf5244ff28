from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "files"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from accounts.scopes import areas
        from accounts.services import audit
        from common import holdings
        from common.sizes import large_bodies, sizes
        from realtime import registry

        from .privacy import PART
        from .realtime import RENDERERS
        from .sizes import LARGE_BODIES, SIZES
        from .verbs import VERBS

        registry.renderers |= RENDERERS
        sizes.update(SIZES)
        large_bodies.update(LARGE_BODIES)
        areas["files"] = _("Files: uploading, reading, deleting.")
        audit.verbs.update(VERBS)
        holdings.register(PART)
