"""Who is there when the load tests begin.

`python -m bench.locust.world FOLDER` fills our database, and writes `people`: a line for each, address and
password. A process of its own, since it needs Django.
"""

import sys
from pathlib import Path
from typing import Final

from bench.world import Crowd, fill_ours, set_up, tidy

CROWD: Final = Crowd("load", chats=40, members=5, messages=200, is_logged=True)
CHATS_OF_EACH: Final = 4  # so that a list is one, and a message goes to twenty
PASSWORD: Final = "the camels are watered at noon"


def fill(folder: Path) -> None:
    set_up()
    from django.contrib.auth.hashers import make_password

    from accounts.models import User
    from messaging.models import Chat, Participant

    filled = fill_ours(CROWD)
    more = [
        Participant(chat=filled.chats[(index + step) % CROWD.chats], user=user)
        for index, user in enumerate(filled.users)
        for step in range(1, CHATS_OF_EACH)
    ]
    Participant.objects.bulk_create(more, batch_size=1000)
    Chat.objects.update(participant_count=CROWD.members * CHATS_OF_EACH)
    User.objects.update(password=make_password(PASSWORD))  # one hash for all: only signing in is measured
    (folder / "people").write_text("".join(f"{user.email} {PASSWORD}\n" for user in filled.users))
    tidy()


if __name__ == "__main__":
    fill(Path(sys.argv[1]))
