from typing import Any

from django.core.management import BaseCommand

from common import catalogues


class Command(BaseCommand):
    help = "Write the catalogues of translations anew from what the code says, and compile them."

    def handle(self, *args: Any, **options: Any) -> None:
        for language in catalogues.languages():
            catalog = catalogues.renewed(language)
            catalogues.po_path(language).write_bytes(catalogues.as_po(catalog))
            catalogues.mo_path(language).write_bytes(catalogues.as_mo(catalog))
            missing = catalogues.untranslated(catalog)
            self.stdout.write(f"{language}: {len(catalog)} messages, {len(missing)} without a translation")
            for message in missing:
                self.stdout.write(f"  {message}")
