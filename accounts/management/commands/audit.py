import re
from argparse import ArgumentTypeError
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from accounts.services.checking import Anchor, check_log, read_anchor


def anchor(text: str) -> Anchor:
    """As the logs have it: `1204:9f86d081…`, the hash in full."""
    if not (found := re.fullmatch(r"([1-9][0-9]*):([0-9a-f]{64})", text)):
        raise ArgumentTypeError(f"{text!r} is no PLACE:HASH.")
    return Anchor(int(found[1]), found[2])


class Command(BaseCommand):
    help = "The audit log: whether it is whole, and how far it is sealed."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        verify = what.add_parser(
            "verify", help="Read all of it; fails if anything was changed or is missing."
        )
        verify.add_argument(
            "--anchor",
            action="append",
            default=[],
            type=anchor,
            metavar="PLACE:HASH",
            help="What was kept elsewhere, such as a line `audit_sealed` of the logs. As many as there are.",
        )
        what.add_parser("anchor", help="The present PLACE:HASH, to be kept elsewhere.")

    def handle(self, *, what: str, **options: Any) -> None:
        if what == "anchor":
            head = read_anchor()
            self.stdout.write(str(head) if head.place else "Nothing is sealed yet.")
        else:
            self.verify(options["anchor"])

    def verify(self, anchors: list[Anchor]) -> None:
        def progress(done: int, of: int) -> None:
            self.stderr.write(f"{done:,} of {of:,}", ending="\r")

        report = check_log(anchors=anchors, progress=progress)
        for fault in report.faults:
            self.stderr.write(fault)
        if report.faults:
            raise CommandError("The audit log is not whole.")
        entries, waiting = f"{report.head.place:,}", f"{report.waiting:,}"
        self.stdout.write(f"Whole: {entries} entries, and {waiting} that wait to be sealed.")
        self.stdout.write(str(report.head))
