"""People who list their chats, read and search them, and say something."""

import random
from typing import Final
from uuid import uuid4

from locust import task

from bench.locust.people import Person, told

WORDS: Final = ("camels", "watered", "message many", "camp struck")
PAGE: Final = 50


class Talker(Person):
    abstract = True

    def on_start(self) -> None:
        super().on_start()
        self.last: tuple[str, dict[str, str], str] | None = None  # chat, body, id

    @task(4)
    def list_chats(self) -> None:
        self.ask("GET", "chats", name="chats")

    @task(6)
    def read_newest(self) -> None:
        self.renew()
        self.ask("GET", f"chats/{self.chat()}/messages", name="chats/{chat}/messages")

    @task(2)
    def read_further_back(self) -> None:
        chat = self.chat()
        if self.chats[chat] <= PAGE:
            return
        before = random.randint(PAGE + 1, self.chats[chat])
        found = self.ask(
            "GET", f"chats/{chat}/messages?before={before}", name="chats/{chat}/messages?before={seq}"
        )
        seqs = [each["seq"] for each in found["results"]] if found else []
        if found and (len(seqs) != PAGE or seqs != sorted(set(seqs)) or seqs[-1] >= before):
            self.complain("chats/{chat}/messages?before={seq}", f"{seqs} before {before}")

    @task(6)
    def say(self) -> None:
        chat, body = self.chat(), {"text": "The camels are watered.", "client_id": str(uuid4())}
        path, name = f"chats/{chat}/messages", "chats/{chat}/messages"
        told["said"] += 1
        if sent := self.ask("POST", path, body, name=name, status=201):
            self.last = chat, body, sent["id"]
            told["sent"] += 1

    @task(1)
    def say_again(self) -> None:
        """What a client does that had no answer: the same message, and not a second one."""
        if self.last is None:
            return
        chat, body, id_ = self.last
        name = "chats/{chat}/messages, again"
        sent = self.ask("POST", f"chats/{chat}/messages", body, name=name)
        if sent and sent["id"] != id_:
            self.complain(name, "another message")

    @task(1)
    def search(self) -> None:
        words = random.choice(WORDS)
        found = self.ask("GET", f"search/messages?q={words.replace(' ', '%20')}", name="search/messages")
        if found is not None and not found["results"]:
            self.complain("search/messages", f"nothing found for {words}")

    def chat(self) -> str:
        return random.choice(list(self.chats))

    def complain(self, name: str, what: str) -> None:
        self.environment.stats.log_error("CHECK", name, what)
