"""`manage.py serve`: everything from one process."""

import errno
import gc
import socket
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser, call_command
from django.db import connection
from django.urls import get_resolver

from config import demo


class Command(BaseCommand):
    help = "Migrate, load demo data, then serve REST, sockets, docs, admin and tasks from this process."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="0.0.0.0", help="address to listen on (default: every one)")  # noqa: S104
        parser.add_argument("--port", type=int, default=settings.PORT, help="port (default: $PORT or 8000)")
        parser.add_argument(
            "--server",
            default=settings.SERVER,
            choices=settings.SERVERS,
            help="what serves (default: $SERVER or daphne)",
        )
        parser.add_argument("--no-demo", action="store_true", help="leave an empty database empty")
        parser.add_argument("--no-worker", action="store_true", help="serve only; a worker runs elsewhere")

    def handle(self, *args: Any, host: str, port: int, server: str, **options: Any) -> None:
        started = time.monotonic()
        self._claim(host, port)
        self._step("Preparing the database")
        call_command("migrate", verbosity=0, interactive=False)
        if not settings.PRODUCTION and not options["no_demo"]:
            self._step("Loading demo data, if there is none")
            call_command("load_demo", verbosity=0)
        self._step("Starting")

        from common.usage import written
        from config.asgi import application
        from config.embedded import start_worker, stop_worker
        from realtime.servers import server_of

        if not options["no_worker"]:
            start_worker()
        _ = get_resolver().url_patterns  # all views, and what they need, before the first asks
        has_demo = not settings.PRODUCTION and demo.is_there()
        connection.close()  # this thread would keep it from the others for as long as it serves
        with written():
            server_of(server)(
                application,
                host=host,
                port=port,
                ready_callable=lambda: self._banner(port, time.monotonic() - started, has_demo=has_demo),
            ).run()
        stop_worker()
        gc.freeze()  # nothing is collected any more: the interpreter would search all there is, for seconds

    def _claim(self, host: str, port: int) -> None:
        """Fail early, and say what to do, where the port is taken."""
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise CommandError(
                        f"Port {port} is taken. Stop what runs there, or take another: "
                        f"PORT={port + 1} make run"
                    ) from None
                raise CommandError(f"Can't listen on {host}:{port}: {error.strerror}.") from None

    def _step(self, text: str) -> None:
        self.stdout.write(f"· {text} …")
        sys.stdout.flush()

    def _banner(self, port: int, seconds: float, *, has_demo: bool) -> None:
        url = f"http://localhost:{port}"
        lines = [
            "",
            f"  Serai is up ({seconds:.1f} s).  Ctrl-C stops it.  Data: {settings.DATA_DIR}",
            "",
            f"  API       {url}/api/v1          docs  {url}/api/docs",
            f"  Sockets   ws://localhost:{port}/ws",
            f"  Admin     {url}/admin/",
            f"  Health    {url}/api/health",
        ]
        if settings.OUTBOX_PAGE:
            lines.append(f"  Mails     {url}/dev/outbox")
        if settings.LOCAL_PUSH:
            lines.append(f"  Pushes    {url}/dev/pushes")
        if has_demo:
            lines += ["", f"  Demo logins, password «{demo.PASSWORD}»:"]
            lines += [f"    {person.email:<24} {person.note}" for person in demo.PEOPLE]
            body = f'{{"email": "{demo.PEOPLE[0].email}", "password": "{demo.PASSWORD}"}}'
            lines += [
                "",
                f"  curl -s {url}/api/v1/auth/login -H 'Content-Type: application/json' -d '{body}'",
            ]
        self.stdout.write("\n".join([*lines, ""]))
        sys.stdout.flush()
