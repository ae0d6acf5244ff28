"""Every path of the product, each app's from its own folder."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerView

from accounts.api.pages import ResetPasswordPage
from common import views
from common.api.documents import SchemaView
from common.mail.outbox import outbox

v1 = [
    path("", include("accounts.api.urls")),
    path("", include("messaging.api.urls")),
    path("", include("common.api.urls")),
]

urlpatterns = [
    path("", RedirectView.as_view(url="/api/docs")),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
    path("reset-password/<str:token>", ResetPasswordPage.as_view(), name="reset-password-page"),
    path("api/v1/", include(v1)),
    path("api/", include("common.health.urls")),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("api/redoc", SpectacularRedocView.as_view(url_name="schema"), name="redoc"),
    path("api/docs/problems", views.problems, name="problems"),
]
if settings.OUTBOX_PAGE:
    urlpatterns += [path("dev/outbox", outbox, name="outbox"), path("dev/outbox/", outbox)]

handler400 = views.bad_request
handler403 = views.forbidden
handler404 = views.not_found
handler500 = views.server_fault
