from django.urls import path

from . import views

documents = views.DocumentViewSet.as_view

urlpatterns = [
    path("legal/documents", documents({"get": "list"}), name="legal-documents"),
    path("legal/documents/<uuid:pk>", documents({"get": "retrieve"}), name="legal-document"),
    path("legal/documents/<uuid:pk>/versions", documents({"get": "versions"}), name="legal-versions"),
    path("legal/terms", views.TermsView.as_view(), name="legal-terms"),
    path("legal/privacy", views.PrivacyView.as_view(), name="legal-privacy"),
    path("legal/accept-terms", views.AcceptTermsView.as_view(), name="accept-terms"),
    path("legal/acceptances", views.AcceptanceViewSet.as_view({"get": "list"}), name="acceptances"),
    path("users/me/consents", views.ConsentsView.as_view(), name="consents"),
]
