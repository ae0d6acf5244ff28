"""Every path of the product, each app's from its own folder."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView

from accounts.api.pages import (
    ChangeEmailPage,
    LetMeInPage,
    LocalSignInPage,
    NotMePage,
    ResetPasswordPage,
)
from common import views
from common.api.documents import SchemaView
from common.mail.outbox import outbox
from common.media import NAMES, media
from legal.api.pages import DocumentPage
from notifications.api.pages import UnsubscribePage, pushes
from realtime.api.documents import asyncapi

v1 = [
    path("", include("accounts.api.urls")),
    path("", include("files.api.urls")),
    path("", include("legal.api.urls")),
    path("", include("messaging.api.urls")),
    path("", include("notifications.api.urls")),
    path("", include("realtime.api.urls")),
    path("", include("common.api.urls")),
]

urlpatterns = [
    path("", RedirectView.as_view(url="/api/docs")),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
    path("let-me-in/<str:token>", LetMeInPage.as_view(), name="let-me-in-page"),
    path("not-me/<str:token>", NotMePage.as_view(), name="not-me-page"),
    path("reset-password/<str:token>", ResetPasswordPage.as_view(), name="reset-password-page"),
    path("unsubscribe/<str:token>", UnsubscribePage.as_view(), name="unsubscribe-page"),
    path("legal/<str:kind>", DocumentPage.as_view(), name="document-page"),
    re_path(rf"^media/(?P<name>{NAMES})\Z", media, name="media"),
    path("change-email/<str:token>", ChangeEmailPage.as_view(), name="change-email-page"),
    path("api/v1/", include(v1)),
    path("api/", include("common.health.urls")),
    path("metrics", views.metrics, name="metrics"),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("api/asyncapi", asyncapi, name="asyncapi"),
    path("api/docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("api/redoc", SpectacularRedocView.as_view(url_name="schema"), name="redoc"),
    path("api/docs/problems", views.problems, name="problems"),
]
if settings.OUTBOX_PAGE:
    urlpatterns += [path("dev/outbox", outbox, name="outbox"), path("dev/outbox/", outbox)]

if settings.LOCAL_PUSH:
    urlpatterns += [path("dev/pushes", pushes, name="pushes"), path("dev/pushes/", pushes)]

if settings.LOCAL_SIGN_IN:
    urlpatterns += [path("dev/sign-in", LocalSignInPage.as_view(), name="local-sign-in")]

handler400 = views.bad_request
handler403 = views.forbidden
handler404 = views.not_found
handler500 = views.server_fault
