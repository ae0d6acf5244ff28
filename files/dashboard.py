"""Files on the start page of the staff console."""

from django.utils.translation import gettext_lazy as _

from common.dashboard import Card

from .models import File

CARDS = [
    Card(
        title=_("Files in quarantine"),
        icon="coronavirus",
        rows=lambda: File.objects.filter(scan=File.Scan.INFECTED),
        changelist="files_file",
        query="?scan__exact=infected",
        permission="files.view_file",
        place=45,
    ),
]
