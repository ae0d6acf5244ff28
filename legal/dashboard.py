"""The terms on the start page of the staff console."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.dashboard import Card

from .models import Acceptance, Document

CARDS = [
    Card(
        title=_("Have accepted the terms in force"),
        icon="gavel",
        rows=lambda: Acceptance.objects.of_current(Document.Kind.TERMS, at=timezone.now()),
        changelist="legal_acceptance",
        query=f"?current={Document.Kind.TERMS}",
        permission="legal.view_acceptance",
        place=35,
    ),
]
