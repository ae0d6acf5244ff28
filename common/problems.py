"""Refusals. One class per reason; its `code` is a contract with clients (RFC 9457, problem details)."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Problem(Exception):
    """Why something is not done. Raised by services, answered by every door in the same words.

    Args:
        detail: what is particular to this case; the title says what is always so.
        errors: what is wrong with which field: `{"field", "code", "detail"}` each.
        headers: headers of the answer over HTTP, such as `Retry-After`.
        extra: further members of the body, such as the limit that was reached.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str]
    title: ClassVar[str | Promise]

    def __init__(
        self,
        detail: str | Promise = "",
        *,
        errors: list[dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The members of RFC 9457 §3.1, then ours; the door adds `request_id`."""
        body: dict[str, Any] = {
            "type": f"{settings.PUBLIC_URL}/api/docs/problems#{self.code}",
            "title": str(self.title),
            "status": self.status,
            "detail": str(self.detail or self.title),
            "code": self.code,
        }
        if self.errors is not None:
            body["errors"] = self.errors
        return body | self.extra


def every_problem(base: type[Problem] = Problem) -> Iterator[type[Problem]]:
    """All reasons the running code knows, for the documents."""
    for problem in base.__subclasses__():
        yield problem
        yield from every_problem(problem)


class Invalid(Problem):
    status = 400
    code = "invalid"
    title = _("The input is not valid.")

    @classmethod
    def field(cls, field: str, code: str, detail: str | Promise) -> "Invalid":
        """One field is wrong in a way that only the rules can know, not the shape."""
        return cls(errors=[{"field": field, "code": code, "detail": str(detail)}])


class BadRequest(Problem):
    status = 400
    code = "bad_request"
    title = _("The request can't be served as it stands.")


class Malformed(Problem):
    status = 400
    code = "malformed"
    title = _("The body can't be read.")


class IdempotencyKeyInvalid(Problem):
    status = 400
    code = "idempotency_key_invalid"
    title = _("An Idempotency-Key is 1 to 255 visible ASCII characters.")


class NotAuthenticated(Problem):
    status = 401
    code = "not_authenticated"
    title = _("Sign in first: this needs an access token.")


class NotAllowed(Problem):
    status = 403
    code = "not_allowed"
    title = _("You may not do this.")


class AddressDenied(Problem):
    status = 403
    code = "address_denied"
    title = _("Requests from this address are not served here.")


class NotFound(Problem):
    status = 404
    code = "not_found"
    title = _("There is nothing here that you can see.")


class MethodNotAllowed(Problem):
    status = 405
    code = "method_not_allowed"
    title = _("This path does not take that method.")


class NotAcceptable(Problem):
    status = 406
    code = "not_acceptable"
    title = _("None of the media types you accept can be given.")


class UnknownVersion(Problem):
    status = 406
    code = "unknown_version"
    title = _("There is no such version of the API.")


class IdempotencyKeyInUse(Problem):
    status = 409
    code = "idempotency_key_in_use"
    title = _("The first request under this Idempotency-Key is still running.")


class BodyTooLarge(Problem):
    status = 413
    code = "body_too_large"
    title = _("The body is larger than this path takes.")


class UnsupportedMediaType(Problem):
    status = 415
    code = "unsupported_media_type"
    title = _("This path does not take a body of that media type.")


class RangeNotSatisfiable(Problem):
    status = 416
    code = "range_not_satisfiable"
    title = _("There are no such bytes in it.")


class IdempotencyKeyReused(Problem):
    status = 422
    code = "idempotency_key_reused"
    title = _("This Idempotency-Key was used for something else.")


class LimitReached(Problem):
    status = 429
    code = "limit_reached"
    title = _("Too many requests: wait before you try again.")


class ServerFault(Problem):
    status = 500
    code = "server_fault"
    title = _("Something went wrong on our side. It has been noted under the request id.")


class TemporarilyUnavailable(Problem):
    status = 503
    code = "temporarily_unavailable"
    title = _("The service can't be used for a moment. Try the same again, under the same client_id.")

    PAUSE = 5  # seconds: a database that is started anew is back within a few of these

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": str(self.PAUSE)}, retry_after=self.PAUSE)
