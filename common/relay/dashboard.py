"""Dead letters on the start page of the staff console."""

from django.utils.translation import gettext_lazy as _

from common.dashboard import Card
from common.models import DeadLetter

CARDS = [
    Card(
        title=_("Dead letters"),
        icon="unsubscribe",
        rows=DeadLetter.objects.all,
        changelist="common_deadletter",
        permission="common.view_deadletter",
        place=65,
    ),
]
