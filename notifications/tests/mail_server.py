"""A mail server on this machine, which keeps what it is given and refuses what it is told to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Post:
    """What has come, and what is said to whoever brings something.

    Attributes:
        at_sender, at_recipient, at_data: an answer such as `550 5.1.1 no such user`; empty: taken.
        hangs_up: at which command the line goes dead: `MAIL`, `RCPT`, `DATA`, or `after` all of it was taken.
    """

    taken: list[bytes] = field(default_factory=list)
    at_sender: str = ""
    at_recipient: str = ""
    at_data: str = ""
    hangs_up: str = ""

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(each, policy=policy.default) for each in self.taken]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._hang_up(server, "MAIL")
        if not self.at_sender:
            envelope.mail_from = address
        return self.at_sender or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._hang_up(server, "RCPT")
        if not self.at_recipient:
            envelope.rcpt_tos.append(address)
        return self.at_recipient or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self._hang_up(server, "DATA")
        if not self.at_data and self.hangs_up != "DATA":
            self.taken.append(envelope.original_content)
        self._hang_up(server, "after")
        return self.at_data or "250 OK"

    def _hang_up(self, server: SMTP, when: str) -> None:
        if self.hangs_up == when:
            server.transport.abort()


class Hooks:
    """What aiosmtpd gets to see of the post: at every connection it reads all that its handler has, and would
    parse every mail that ever came."""

    def __init__(self, post: Post) -> None:
        self.handle_MAIL, self.handle_RCPT = post.handle_MAIL, post.handle_RCPT
        self.handle_DATA = post.handle_DATA


class AnyPort(Controller):
    """At whichever port is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server() -> Iterator[tuple[Post, int]]:
    """The post, and the port it is at."""
    post = Post()
    controller = AnyPort(Hooks(post), hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield post, controller.port
    finally:
        controller.stop()
