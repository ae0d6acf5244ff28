"""Why legal refuses."""

from django.utils.translation import gettext_lazy as _

from common.problems import Problem


class TermsNotAccepted(Problem):
    status = 403
    code = "terms_not_accepted"
    title = _("There is something to accept first.")


class VersionSuperseded(Problem):
    status = 409
    code = "version_superseded"
    title = _("Another version is in force by now: read and accept that one.")


class VersionIncomplete(Problem):
    status = 409
    code = "version_incomplete"
    title = _("A version needs a title and a text in one language at least.")


class VersionPublished(Problem):
    status = 409
    code = "version_published"
    title = _("What is published never changes. Make a new version.")


class VersionLabelTaken(Problem):
    status = 409
    code = "version_label_taken"
    title = _("This document has a version of that name already.")


class PublicationTimeTaken(Problem):
    status = 409
    code = "publication_time_taken"
    title = _("Another version of this document begins at that very time.")
