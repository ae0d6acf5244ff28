"""Django's command of this name, through our service: the rules, the history, the mail, the sessions' end."""

from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.services import set_password
from accounts.services.passwords import require_good_password
from common.actors import SYSTEM
from common.problems import Invalid

TRIES = 3


class Command(BaseCommand):
    help = "Sets somebody's password. Their sessions end, and they are told by mail."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="The address that they sign in with.")

    def handle(self, *args: Any, email: str, **options: Any) -> str:
        user = User.objects.with_email(email)
        if user is None:
            raise CommandError(f"Nobody signs in with {email}.")
        set_password(user=user, password=self._asked_for(user), actor=SYSTEM)
        return f"The password of {user} is changed."

    def _asked_for(self, user: User) -> str:
        for _ in range(TRIES):
            password = getpass(f"New password of {user}: ")
            if getpass("Once more: ") != password:
                self.stderr.write("The two are not the same.")
                continue
            try:
                require_good_password(password, user)
            except Invalid as problem:
                self.stderr.write("\n".join(error["detail"] for error in problem.errors or []))
                continue
            return password
        raise CommandError("Nothing was changed.")
