"""The page that the unsubscribe link of a mail opens, what a mail program's own button asks for, and pushes.

A GET shows a button and does nothing: scanners of mails open every link.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from accounts.models import User
from common.api.answers import encode
from common.problems import Invalid
from notifications.kinds import kinds
from notifications.problems import ChannelMandatory
from notifications.providers.push.local import local_pushes
from notifications.services.unsubscribing import EVERY_KIND, can_be_turned_off, take_back, unsubscribe
from notifications.tokens import (
    Unsubscribing,
    make_taking_back,
    read_taking_back,
    read_unsubscribing,
)


# Mail programs send neither cookies nor a token against forgery (RFC 8058 §3.2): the link is the proof.
@method_decorator([csrf_exempt, never_cache], name="dispatch")
class UnsubscribePage(View):
    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        asked, user = _read(token)
        if asked is None or user is None or not _is_there(asked.kind):
            return _page(request, user, {"is_lost": True}, status=404)
        return _page(request, user, _about(asked.kind))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """`List-Unsubscribe=One-Click` as RFC 8058 has it, or a button of the page: `all`, `undo`."""
        asked, user = _read(token)
        if asked is None or user is None:
            return _page(request, user, {"is_lost": True}, status=404)
        kind = EVERY_KIND if "all" in request.POST else asked.kind
        try:
            if undo := request.POST.get("undo"):
                taken_back = read_taking_back(undo, user=user.pk)
                take_back(user=user, kinds=taken_back)
                return _page(request, user, _about(kind) | {"is_back": bool(taken_back)})
            were_on = unsubscribe(user=user, kind=kind)
        except ChannelMandatory:
            return _page(request, user, _about(kind), status=ChannelMandatory.status)
        except Invalid:
            return _page(request, user, {"is_lost": True}, status=404)
        undo = make_taking_back(user=user.pk, kinds=were_on) if were_on else ""
        return _page(request, user, _about(kind) | {"is_off": True, "undo": undo})


def _read(token: str) -> tuple[Unsubscribing | None, User | None]:
    asked = read_unsubscribing(token)
    if asked is None:
        return None, None
    return asked, User.objects.filter(pk=asked.user, is_active=True).first()


def _is_there(kind: str) -> bool:
    return kind == EVERY_KIND or kind in kinds


def _about(kind: str) -> dict[str, Any]:
    if kind == EVERY_KIND:
        return {"is_every": True}
    return {"label": kinds[kind].label, "is_mandatory": not can_be_turned_off(kinds[kind])}


def _page(
    request: HttpRequest, user: User | None, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """In the language of whom the mail was for, whatever the browser's."""
    language = user.language if user else translation.get_language()
    with translation.override(language):
        response = render(request, "notifications/unsubscribe.html", context, status=status)
    response["Content-Language"] = language
    return response


@require_safe
def pushes(request: HttpRequest) -> HttpResponse:
    """Every push that was kept on this machine, newest first: a page, or with `Accept: application/json` a
    list `results`. In development alone.
    """
    found = local_pushes()
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return HttpResponse(encode({"results": found}), content_type="application/json")
    return render(request, "notifications/pushes.html", {"pushes": found})
