"""The AsyncAPI document, served."""

from django.http import HttpRequest, HttpResponse

from common.api.answers import encode
from realtime.asyncapi import document


def asyncapi(request: HttpRequest) -> HttpResponse:
    """Every command and event of the sockets."""
    return HttpResponse(encode(document()), content_type="application/json")
