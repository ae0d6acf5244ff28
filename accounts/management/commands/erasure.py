import json
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from accounts import receipts
from accounts.services import replay_erasures


class Command(BaseCommand):
    help = "Check a receipt of an erasure, or erase again after a restore what was erased since the backup."

    def add_arguments(self, parser: CommandParser) -> None:
        does = parser.add_subparsers(dest="do", required=True)
        verify = does.add_parser("verify", help="is this receipt ours, and unchanged?")
        verify.add_argument("receipt", type=Path, help="a file that holds it, as JSON")
        does.add_parser("replay", help="erase again whom a restored database knows again")

    def handle(self, *args: Any, do: str, **options: Any) -> None:
        try:
            if do == "verify":
                self._verify(options["receipt"])
            else:
                self._replay()
        except receipts.ReceiptInvalid as error:
            raise CommandError(str(error)) from None

    def _verify(self, path: Path) -> None:
        try:
            receipt = receipts.verify(json.loads(path.read_text()))
        except (OSError, ValueError) as error:
            raise CommandError(f"{path} can't be read as a receipt: {error}") from None
        self.stdout.write(
            f"This receipt is ours: account {receipt['account']} was erased at {receipt['erased_at']}."
        )

    def _replay(self) -> None:
        replayed = replay_erasures()
        for erasure in replayed:
            self.stdout.write(f"{erasure.user_id}: {erasure.state}")
        if any(erasure.erased_at is None for erasure in replayed):
            raise CommandError("Not all of them yet: the log says why; run it again.")
        self.stdout.write(f"{len(replayed)} erased again.")
