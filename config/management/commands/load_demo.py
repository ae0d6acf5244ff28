from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from config import demo


class Command(BaseCommand):
    help = "Fill an empty database with the demo world. One that has people in it is left alone."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:  # everybody knows these people's password, and one of them is staff
            raise CommandError("The demo world is not for production.")
        made = demo.load()
        if options["verbosity"]:
            self.stdout.write(
                "Demo data loaded." if made else "There are people here already: nothing loaded."
            )
