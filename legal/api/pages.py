"""The pages where people read a document: what a refusal, a mail or an app's web view opens."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views import View

from common.locales import asked_for
from legal.models import Version
from legal.showing import page_of


class DocumentPage(View):
    """The version in force, or with `?version=` an earlier one, in the language that the browser asks for."""

    def get(self, request: HttpRequest, kind: str) -> HttpResponse:
        at = timezone.now()
        versions: QuerySet[Any] = Version.objects.published(at=at).filter(document=kind).with_state(at=at)
        label = request.GET.get("version")
        chosen = versions.filter(label=label) if label else versions.filter(state=Version.State.CURRENT)
        version = chosen.first()
        if version is None:
            raise Http404
        text = version.texts.best([request.GET.get("locale", ""), *asked_for(request)])
        earlier = versions.exclude(pk=version.pk).order_by("-published_at")
        response = render(request, "legal/document.html", page_of(version, text) | {"others": earlier})
        response["Content-Language"] = text.locale if text else ""
        response["Vary"] = "Accept-Language"
        return response
