"""A queued mail on its way out."""

from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from common.models import Mail

from .messages import make_message

logger = structlog.get_logger(__name__)


def deliver_mail(*, mail: UUID) -> bool:
    """Send a queued mail, if nobody has.

    At least once: a process that dies between the server's word and ours sends it again, under the same
    Message-ID.

    Returns:
        Whether it was sent now. A failure is noted on the row, and tried again later.
    """
    now = timezone.now()
    with transaction.atomic():
        row = Mail.objects.select_for_update().filter(pk=mail).due(at=now).first()
        if row is None:
            return False
        row.tried_at = now  # claims it for a minute
        row.attempts += 1
        row.save(update_fields=["tried_at", "attempts"])
    try:
        make_message(
            id=row.pk, to=row.to, template=row.template, context=row.context, language=row.language
        ).send()
    except Exception as error:
        Mail.objects.filter(pk=row.pk).update(error=f"{type(error).__name__}: {error}"[:500])
        Mail.objects.failed().filter(pk=row.pk, is_last=True).delete()
        logger.warning("mail_failed", mail=str(row.pk), template=row.template, exc_info=True)
        return False
    if row.is_last:
        row.delete()
    else:
        Mail.objects.filter(pk=row.pk).update(sent_at=timezone.now(), context={}, error="")
    return True


def due_mails(*, at: datetime, limit: int = 200) -> list[UUID]:
    return list(Mail.objects.due(at=at).values_list("pk", flat=True)[:limit])
