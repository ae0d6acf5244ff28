"""“This wasn't me”: what the link in a mail about a sign-in does."""

from django.db import transaction

from accounts.models import Session
from accounts.problems import SessionEnded
from accounts.tokens import read_disowning

from .devices import forget_device_of
from .passwords import forgot_password
from .sessions import revoke_session


@transaction.atomic
def disown_session(*, token: str) -> None:
    """End the session that *token* is of, forget its device, and mail its owner a way to a new password.

    Raises:
        SessionEnded: it is over already, or was never there; nothing is mailed.
    """
    if (pk := read_disowning(token)) is None:
        raise SessionEnded
    session = Session.objects.select_related("user").filter(pk=pk, revoked_at=None).first()
    if session is None or not revoke_session(session=session, reason="disowned"):
        raise SessionEnded
    forget_device_of(session)
    forgot_password(email=session.user.email)
