"""Promising a mail."""

from typing import Any

from django.db import transaction

from common.models import Mail

from .tasks import deliver


@transaction.atomic
def queue_mail(*, to: str, template: str, context: dict[str, Any], language: str = "en") -> Mail:
    """Promise a mail, as part of the change that calls for it.

    Args:
        template: `templates/mail/<template>.txt` (subject in its first line, then the text) and `.html`.
        context: what they need, as JSON holds it.
    """
    mail = Mail.objects.create(to=to, template=template, context=context, language=language)
    transaction.on_commit(lambda: deliver.delay(str(mail.pk)), robust=True)
    return mail


@transaction.atomic
def resend_mail(*, mail: Mail) -> bool:
    """Try a mail again that gave up. One that was sent is gone with its context: False."""
    revived = Mail.objects.filter(pk=mail.pk, sent_at=None).update(attempts=0, tried_at=None, error="")
    if revived:
        transaction.on_commit(lambda: deliver.delay(str(mail.pk)), robust=True)
    return bool(revived)
