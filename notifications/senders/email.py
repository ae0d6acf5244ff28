"""A letter handed to the mail server, and what the server says to it."""

from __future__ import annotations

import smtplib
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.mail import get_connection
from django.utils import translation
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.models.people import NOWHERE
from notifications.kinds import kinds
from notifications.mails import Item, Letter, compose, why
from notifications.models import Delivery
from notifications.outcomes import Outcome, Result
from notifications.registries import Channel, Shipment, Target
from notifications.services import Parcel, prepare
from notifications.services.unsubscribing import EMAIL, EVERY_KIND, can_be_turned_off
from notifications.tokens import make_unsubscribing


def reachable(people: Collection[UUID]) -> dict[UUID, Sequence[Target]]:
    """Those whose address is proven theirs."""
    there = User.objects.filter(pk__in=people, is_active=True, email_verified_at__isnull=False)
    known = there.exclude(email__endswith=f"@{NOWHERE}")
    return {user: [Target()] for user in known.values_list("pk", flat=True)}


@dataclass(frozen=True)
class Mail(Shipment):
    letter: Letter

    def send(self) -> Outcome:
        return send_letter(self.letter)


def pack(deliveries: Sequence[Delivery]) -> list[Shipment | Outcome]:
    """`registries.Pack`: each is one mail, of one notification or of a digest."""
    return [
        parcel if isinstance(parcel, Outcome) else Mail(letter_of(delivery, parcel))
        for delivery, parcel in zip(deliveries, prepare(deliveries), strict=True)
    ]


def letter_of(delivery: Delivery, parcel: Parcel) -> Letter:
    """What *parcel* says, to the address that the person has now."""
    user, is_digest = parcel.user, delivery.digest_id is not None
    name = EVERY_KIND if is_digest else parcel.items[0].notification.kind
    token = make_unsubscribing(user=user.pk, kind=name)
    can_end = is_digest or can_be_turned_off(kinds[name])
    with translation.override(user.language):
        reason = why(None if is_digest else kinds[name])
    return Letter(
        id=delivery.pk,
        to=user.email,
        language=user.language,
        timezone=user.timezone,
        items=[
            Item(
                title=item.words.title,
                body=item.words.body,
                url=settings.APP_URL + item.words.path if item.words.path else "",
                at=item.notification.at,
                count=item.notification.count,
            )
            for item in parcel.items
        ],
        level=parcel.preferences.email_content,
        unsubscribe_url=f"{settings.PUBLIC_URL}/unsubscribe/{token}" if can_end else None,
        reason=reason,
        is_digest=is_digest,
    )


def send_letter(letter: Letter) -> Outcome:
    """Try once.

    What the server says of the recipient or the mail itself is taken at its word: 4yz is for now, 5yz for
    good (RFC 5321 §4.2.1). What it has against us, our address, our password, our greeting, somebody has to
    mend: it is tried again, like any trouble on the way.
    """
    message = compose(letter)
    try:
        connection = get_connection()
        connection.open()
        try:
            connection.send_messages([message])
        finally:
            with suppress(Exception):  # it has taken the mail, or said why not
                connection.close()
    except smtplib.SMTPRecipientsRefused as refusal:
        [(code, words)] = refusal.recipients.values()
        return _said(code, words, is_about_it=True)
    except smtplib.SMTPDataError as refusal:
        return _said(refusal.smtp_code, refusal.smtp_error, is_about_it=True)
    except smtplib.SMTPResponseException as refusal:
        return _said(refusal.smtp_code, refusal.smtp_error, is_about_it=False)
    except smtplib.SMTPNotSupportedError as refusal:  # an address that this server can't write to (RFC 6531)
        return Outcome(result=Result.REFUSED, code="not_supported", answer=str(refusal))
    except TimeoutError:
        return _again("timeout", "The mail server took too long.")
    except smtplib.SMTPServerDisconnected as trouble:
        return _again("disconnected", str(trouble))
    except (smtplib.SMTPException, OSError) as trouble:
        return _again("unreachable", f"{type(trouble).__name__}: {trouble}")
    return Outcome.sent()


def _said(code: int, words: bytes | str, *, is_about_it: bool) -> Outcome:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    is_final = is_about_it and 500 <= code < 600
    result = Result.REFUSED if is_final else Result.AGAIN
    return Outcome(result=result, code=f"smtp_{code}", answer=f"{code} {text}")


def _again(code: str, answer: str) -> Outcome:
    return Outcome(result=Result.AGAIN, code=code, answer=answer)


CHANNEL: Final = Channel(
    name=EMAIL,
    label=gettext_lazy("E-mail"),
    targets=reachable,
    pack=pack,
    # Most of a day: a mail server that is ours, or one that we relay through, is mended by then.
    backoff=[
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=15),
        timedelta(hours=1),
        timedelta(hours=3),
        timedelta(hours=6),
        timedelta(hours=12),
    ],
    is_digested=True,
    lease=timedelta(seconds=200),  # eight steps, each of which may take `EMAIL_TIMEOUT`
)
