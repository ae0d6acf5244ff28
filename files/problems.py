"""Why files refuses."""

from django.utils.translation import gettext_lazy as _

from common.problems import Problem


class QuotaExceeded(Problem):
    status = 409
    code = "quota_exceeded"
    title = _("Your files take as much room as they may. Delete some first.")


class FileWithheld(Problem):
    status = 409
    code = "file_withheld"
    title = _("The content of this file is given to nobody: it is not scanned yet, or was found infected.")


class LinkInvalid(Problem):
    status = 401
    code = "link_invalid"
    title = _("This address of a file is over, or was changed. Ask for the file again.")


class FileNotQuarantined(Problem):
    status = 409
    code = "file_not_quarantined"
    title = _("The content of this file was deleted: there is nothing to give out.")


class TooManyUploads(Problem):
    status = 409
    code = "too_many_uploads"
    title = _("You have as many open uploads as you may. Finish or stop one first.")


class UploadInTooManyPieces(Problem):
    status = 409
    code = "upload_in_too_many_pieces"
    title = _("This upload came in as many pieces as it may. Begin anew with larger ones.")


class UploadOffsetConflict(Problem):
    status = 409
    code = "upload_offset_conflict"
    title = _("This is not where the upload goes on. Ask how much has come.")


class UploadClosed(Problem):
    status = 410
    code = "upload_closed"
    title = _("Nothing more comes of this upload: it is over, or goes another way.")


class TusVersionUnsupported(Problem):
    status = 412
    code = "tus_version_unsupported"
    title = _("Say `Tus-Resumable: 1.0.0`: this is the version that is spoken here.")


class ChecksumMismatch(Problem):
    status = 460  # of the checksum extension of tus 1.0.0
    code = "checksum_mismatch"
    title = _("What came is not what was sent. Send it again.")
