"""What people say of each other to staff."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.ids import uuid7

from .people import User


class ReportQuerySet(models.QuerySet["Report"]):
    def open(self) -> ReportQuerySet:
        return self.filter(state=Report.State.OPEN)


class Report(models.Model):
    """Somebody thinks that staff should look at somebody. The reported never hears by whom."""

    class Reason(models.TextChoices):
        SPAM = "spam", _("spam")
        HARASSMENT = "harassment", _("harassment")
        HATE = "hate", _("hate")
        IMPERSONATION = "impersonation", _("pretends to be somebody else")
        FRAUD = "fraud", _("fraud")
        INDECENT = "indecent", _("indecent profile")
        OTHER = "other", _("something else")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        RESOLVED = "resolved", _("resolved")
        DISMISSED = "dismissed", _("dismissed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reporter = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="reports", verbose_name=_("reported by")
    )
    subject = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="reports_about", verbose_name=_("about")
    )
    reason = models.CharField(_("reason"), max_length=16, choices=Reason)
    text = models.TextField(_("what they say"), max_length=2000, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(_("reported"), auto_now_add=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("closed by")
    )
    note = models.CharField(_("note of staff"), max_length=1000, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("report")
        constraints = [
            models.UniqueConstraint(
                fields=["reporter", "subject"], condition=Q(state="open"), name="one_open_report"
            ),
            models.CheckConstraint(condition=~Q(reporter=F("subject")), name="nobody_reports_themselves"),
        ]
        indexes = [models.Index(fields=["state", "-id"], name="report_queue")]  # staff's list

    def __str__(self) -> str:
        return f"{self.reason}: {self.subject_id}"
