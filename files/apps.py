from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "files"

    def ready(self) -> None:
        from common import holdings
        from common.sizes import sizes

        from .privacy import PART
        from .sizes import SIZES

        sizes.update(SIZES)
        holdings.register(PART)
