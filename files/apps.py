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

        from . import registries, tasks
        from .privacy import PART
        from .realtime import RENDERERS
        from .sizes import LARGE_BODIES, SIZES
        from .verbs import VERBS

        registries.arrived.append(lambda file: tasks.make_pictures.delay(str(file)))
        registry.renderers |= RENDERERS
        sizes.update(SIZES)
        large_bodies.update(LARGE_BODIES)
        areas["files"] = _("Files: uploading, reading, deleting.")
        audit.verbs.update(VERBS)
        holdings.register(PART)
