import json
from typing import Any

from django.core.management import BaseCommand

from realtime.asyncapi import document


class Command(BaseCommand):
    help = "Print the description of the sockets: docs/asyncapi.json."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(document(), indent=2, ensure_ascii=False))
