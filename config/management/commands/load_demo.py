from typing import Any

from django.core.management import BaseCommand

from config import demo


class Command(BaseCommand):
    help = "Fill an empty database with the demo world. One that has people in it is left alone."

    def handle(self, *args: Any, **options: Any) -> None:
        made = demo.load()
        if options["verbosity"]:
            self.stdout.write(
                "Demo data loaded." if made else "There are people here already: nothing loaded."
            )
