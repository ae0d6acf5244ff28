"""Promising a mail."""

from typing import Any

from django.db import transaction

from common.models import Mail

from .tasks import deliver


@transaction.atomic
def queue_mail(
    *, to: str, template: str, context: dict[str, Any], language: str = "en", is_last: bool = False
) -> Mail | None:
    """Promise a mail, as part of the change that calls for it. None where the address is nobody's.

    Args:
        template: `templates/mail/<template>.txt` (subject in its first line, then the text) and `.html`.
        context: what they need, as JSON holds it.
        is_last: the address is to be forgotten: its row goes once it is sent, or given up.
    """
    if to.endswith(".invalid"):  # RFC 2606 §2
        return None
    mail = Mail.objects.create(to=to, template=template, context=context, language=language, is_last=is_last)
    transaction.on_commit(lambda: deliver.delay(str(mail.pk)), robust=True)
    return mail


@transaction.atomic
def forget_address(*, to: str) -> None:
    """An address belongs to nobody here any more: rows of mails to it go now, or once they are sent."""
    Mail.objects.filter(to=to).exclude(pk__in=Mail.objects.waiting().values("pk")).delete()
    Mail.objects.filter(to=to).update(is_last=True)


@transaction.atomic
def resend_mail(*, mail: Mail) -> bool:
    """Try a mail again that gave up. One that was sent is gone with its context: False."""
    revived = Mail.objects.filter(pk=mail.pk, sent_at=None).update(attempts=0, tried_at=None, error="")
    if revived:
        transaction.on_commit(lambda: deliver.delay(str(mail.pk)), robust=True)
    return bool(revived)
