import re
from hashlib import sha256
from typing import Any, Final

import orjson
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from common import idempotency
from common.fast import FAILED
from common.outages import is_outage
from common.problems import IdempotencyKeyInvalid, Problem

from .answers import encode
from .bars import bars
from .limits import address_of

KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


class Counted(APIView):
    """Counts a request even where its credentials are refused, or a stranger could try for ever."""

    # The area of an API key's scopes that this is part of; None is for people alone.
    scope: str | None = None

    # OPTIONS describes nothing here, so `Allow` must not promise it.
    http_method_names = [name for name in APIView.http_method_names if name != "options"]

    def perform_authentication(self, request: Request) -> None:
        try:
            super().perform_authentication(request)
        except Problem:
            # As REST framework does for errors of its own: else whoever asks for the user next, a limit,
            # would hear the refusal again and count nothing.
            request.user = AnonymousUser()
            raise
        finally:
            super().check_throttles(request)

    def check_throttles(self, request: Request) -> None:
        """Done with the authentication above, before anything else."""


class FirstAnswer(Exception):  # noqa: N818 (it is no error)
    """Ends a repeat before it begins."""

    def __init__(self, answer: idempotency.Answer) -> None:
        self.answer = answer


class Repeatable(Counted):
    """Unsafe requests may carry `Idempotency-Key`: the repeat gets the first answer (idempotency.py).

    Who asks, what they may and how often is settled before, for repeats too; and so are the bars (bars.py).

    Attributes:
        answers_with_secrets: tokens and the like: kept nowhere, neither by us nor on the way.
    """

    answers_with_secrets = False

    _claim: idempotency.Claim | None = None

    @classmethod
    def takes_key(cls, method: str | None) -> bool:
        return method not in SAFE_METHODS and not cls.answers_with_secrets

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = super().dispatch(request, *args, **kwargs)
            if self._claim:
                _settle(self._claim, response)
        except BaseException:
            if self._claim:
                _let_go(self._claim)
            raise
        if self.answers_with_secrets:
            response["Cache-Control"] = "no-store"  # RFC 6749 §5.1
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if error := getattr(request._request, "scope", {}).get(FAILED):
            raise error
        super().initial(request, *args, **kwargs)
        if request.user.is_authenticated:
            for bar in bars:
                bar(request)
        key = request.headers.get("Idempotency-Key")
        if key is None or not self.takes_key(request.method):
            return
        if not KEY.fullmatch(key):
            raise IdempotencyKeyInvalid
        user = request.user
        found = idempotency.claim(
            caller=f"user {user.pk}" if user.is_authenticated else f"address {address_of(request)}",
            operation=f"{request.method} {request.path_info}",  # canonical: ApiDoorMiddleware saw to it
            key=key,
            content=_sent(request),
            user=user.pk,
        )
        if isinstance(found, idempotency.Answer):
            raise FirstAnswer(found)
        self._claim = found

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, FirstAnswer):
            return Response(
                orjson.loads(exc.answer.body) if exc.answer.body else None,
                status=exc.answer.status,
                content_type=exc.answer.content_type,
                headers={**exc.answer.headers, "Idempotency-Replayed": "true"},
            )
        return super().handle_exception(exc)


def _sent(request: Request) -> bytes:
    """All that a request says beside its path, the same for the same."""
    form = request.data
    body = dict(form.lists()) if isinstance(form, QueryDict) else form
    said = [body, sorted(request.query_params.lists())]
    return orjson.dumps(said, default=_file_sent, option=orjson.OPT_SORT_KEYS)


def _file_sent(file: Any) -> list[str | None]:
    """What counts of a file in a form: its name and its content."""
    if not isinstance(file, UploadedFile):
        raise TypeError(f"{type(file).__name__} is nothing that a request says")
    digest = sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return [file.name, digest.hexdigest()]


def _settle(claim: idempotency.Claim, response: HttpResponseBase) -> None:
    """Keep *response*; where it can't be given twice, as a stream can't, let the repeat run."""
    if isinstance(response, Response):
        answer = idempotency.Answer(
            status=response.status_code,
            body="" if response.data is None else encode(response.data).decode(),
            content_type=response.content_type,
            headers={name: value for name, value in response.headers.items() if name != "Content-Type"},
        )
        if answer.may_be_kept:
            idempotency.keep(claim=claim, answer=answer)
            return
    _let_go(claim)


def _let_go(claim: idempotency.Claim) -> None:
    """Let the next repeat run. While the database is away nobody can: then it has to wait until the claim
    counts as abandoned, and what the request is answered with stands."""
    try:
        idempotency.let_go(claim=claim)
    except Exception as error:
        if not is_outage(error):
            raise


class ApiView(Repeatable):
    """A single operation of the API."""


class ApiViewSet(Repeatable, GenericViewSet[Any]):
    """The operations on one resource."""

    request: Any  # `accounts.authentication.SignedRequest`, which stands above this floor
