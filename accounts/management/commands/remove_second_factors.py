"""`manage.py remove_second_factors`: for the last superuser, whom no colleague can help."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from accounts.models import User
from accounts.services import remove_factors
from common.actors import SYSTEM


class Command(BaseCommand):
    help = "Take away every second factor of somebody who has lost them, and end their sessions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="of the account")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        user = User.objects.with_email(email)
        if user is None:
            raise CommandError("Nobody has this address.")
        removed = remove_factors(user=user, actor=SYSTEM)
        self.stdout.write("Removed; the password alone signs in." if removed else "There was none.")
