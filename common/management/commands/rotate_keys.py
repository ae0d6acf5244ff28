from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from common.rotation import encrypted_columns, look_at


class Command(BaseCommand):
    help = "Encrypt columns anew, under the first of FIELD_KEYS. Safe while serving, and to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="change nothing; say what is under which key"
        )
        parser.add_argument("--batch", type=int, default=500, help="rows of one transaction (default: 500)")

    def handle(self, *args: Any, check: bool, batch: int, **options: Any) -> None:
        old = lost = 0
        for column in encrypted_columns():
            for seen in look_at(column, rotate=not check, batch=batch):
                if options["verbosity"] > 1:
                    self.stdout.write(f"· {seen}: {seen.values} …")
            old, lost = old + column.old, lost + column.lost
            self.stdout.write(
                f"{column}: {column.values} values, {column.rotated} encrypted anew, {column.old} under an "
                f"older key, {column.lost} that no key opens"
            )
        if lost:
            raise CommandError(
                f"{lost} values are opened by none of FIELD_KEYS: put the key back that is missing."
            )
        if old:
            raise CommandError(f"{old} values are still under an older key: keep it in FIELD_KEYS.")
        self.stdout.write("Everything is under the first key: the others can be taken out of FIELD_KEYS.")
