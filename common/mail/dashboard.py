"""Mails on the start page of the staff console."""

from django.utils.translation import gettext_lazy as _

from common.dashboard import Card
from common.models import Mail

CARDS = [
    Card(
        title=_("Mails waiting"),
        icon="schedule_send",
        rows=Mail.objects.waiting,
        changelist="common_mail",
        query="?state=waiting",
        permission="common.view_mail",
        place=50,
    ),
    Card(
        title=_("Mails failed"),
        icon="error",
        rows=Mail.objects.failed,
        changelist="common_mail",
        query="?state=failed",
        permission="common.view_mail",
        place=60,
    ),
]
