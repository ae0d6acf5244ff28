import json
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser

from common.performance import Sample, Unreadable, measure, page, regressions


class Command(BaseCommand):
    help = (
        "How the processes do: reads /metrics of each, with METRICS_TOKEN, and says it as Markdown. "
        "Fails if a baseline is given and something is worse."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--url",
            action="append",
            help=f"of a process, by its own port; as many as there are (default: http://127.0.0.1:{settings.PORT})",
        )
        parser.add_argument(
            "--seconds", type=float, default=0, help="measure for so long; all since each began if left out"
        )
        parser.add_argument("--baseline", type=Path, help="a file that --save wrote: fails on what is worse")
        parser.add_argument(
            "--tolerance",
            type=float,
            default=0.25,
            help="by how much a time may be above the baseline's, as a share (default: 0.25)",
        )
        parser.add_argument("--save", type=Path, help="keep the figures in this file, as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        baseline = self.read(options["baseline"]) if options["baseline"] else None
        urls = options["url"] or [f"http://127.0.0.1:{settings.PORT}"]
        before, began = None, 0.0
        if seconds := options["seconds"]:
            before, began = self.ask(urls), time.time()
            self.wait(seconds)
        figures = measure(self.ask(urls), before=before, since=began, now=time.time())
        self.stdout.write(page(figures))
        if options["save"]:
            options["save"].write_text(json.dumps(figures, indent=1) + "\n")
        if baseline is None:
            return
        worse = regressions(figures, baseline, tolerance=options["tolerance"])
        self.stdout.write(f"\nAgainst {options['baseline']}, by more than {options['tolerance']:.0%}:\n")
        if worse:
            raise CommandError("\n".join(f"- {each}" for each in worse))
        self.stdout.write("nothing is worse.")

    def ask(self, urls: list[str]) -> list[Sample]:
        found = []
        for url in urls:
            self.stderr.write(f"asking {url}")
            try:
                found.append(Sample.ask(url, settings.METRICS_TOKEN))
            except Unreadable as error:
                raise CommandError(str(error)) from error
        return found

    def wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.stderr.write(f"measuring, {left:.0f} s to go ", ending="\r")
            time.sleep(min(1.0, left))
        self.stderr.write("")

    def read(self, path: Path) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise CommandError(f"{path} can't be read as figures: {error}") from error
        return found
