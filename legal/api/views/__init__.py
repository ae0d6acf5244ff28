"""The operations on what is legal, a module a subject."""

from .acceptances import AcceptanceViewSet, AcceptTermsView
from .consents import ConsentsView
from .documents import DocumentViewSet, PrivacyView, TermsView

__all__ = [
    "AcceptTermsView",
    "AcceptanceViewSet",
    "ConsentsView",
    "DocumentViewSet",
    "PrivacyView",
    "TermsView",
]
