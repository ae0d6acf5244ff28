"""A request that is like most: nothing in it asks for more than its route gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from common.addresses import address_of_scope, is_our_proxy
from common.http import Door
from common.middleware.arrival import request_id_of_header

MAX_BODY: Final = 64 * 1024  # bytes: a longer one is rare, and Django's
ACCEPTED: Final = {b"", b"*/*", b"application/json", b"application/json, text/plain, */*"}
JSON: Final = {b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"}

# What is read here, and what nobody reads: any other header may mean something.
READ: Final = frozenset(
    {
        b"accept",
        b"authorization",
        b"content-length",
        b"content-type",
        b"host",
        b"x-forwarded-for",
        b"x-forwarded-proto",
        b"x-request-id",
    }
)
UNREAD: Final = frozenset(
    {
        b"accept-encoding",
        b"accept-language",
        b"cache-control",
        b"connection",
        b"dnt",
        b"forwarded",
        b"keep-alive",
        b"pragma",
        b"priority",
        b"referer",
        b"sec-ch-ua",
        b"sec-ch-ua-mobile",
        b"sec-ch-ua-platform",
        b"sec-fetch-dest",
        b"sec-fetch-mode",
        b"sec-fetch-site",
        b"sec-gpc",
        b"te",
        b"traceparent",
        b"tracestate",
        b"user-agent",
        b"via",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-real-ip",
    }
)


@dataclass(slots=True, kw_only=True)
class FastRequest:
    """What a fast route sees, under the names that Django's and REST framework's requests have for it.

    Attributes:
        view: what answers in Django.
        values: what the pattern of the route found in the path.
        token: of `Authorization: Bearer`.
        origin: by which scheme and host it came, such as `https://chat.example`.
        user, auth: who sent it, once that is known.
        limit_headers: what the limits on it have to say.
    """

    scope: Any
    method: str
    view: Any
    values: dict[str, str]
    token: str
    origin: str
    request_id: str
    client_address: str | None
    door: Door
    body: bytes = b""
    user: Any = None
    auth: Any = None
    limit_reached: bool = False
    limit_headers: dict[str, str] | None = None

    @property
    def _request(self) -> FastRequest:
        """REST framework's requests have Django's within."""
        return self

    @property
    def query(self) -> str:
        return str(self.scope["query_string"].decode("ascii"))

    def get_full_path(self) -> str:
        return f"{self.scope['path']}?{self.query}" if self.query else str(self.scope["path"])

    def build_absolute_uri(self) -> str:
        return f"{self.origin}{self.get_full_path()}"


def headers_of(scope: Any) -> dict[bytes, bytes] | None:
    """The headers of a request, if each has one meaning and is known here."""
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in READ and name not in headers:
            headers[name] = value
        elif name not in UNREAD:
            return None
    return headers


def read_request(scope: Any, *, version: int, path: str, **more: Any) -> FastRequest | None:
    """The request of *scope*, without its body; None where it is more than it seems.

    Args:
        version, path: of the API, and below its base.
        more: what else of it is known.
    """
    if (headers := headers_of(scope)) is None or scope.get("root_path"):
        return None
    scheme, _, token = headers.get(b"authorization", b"").decode("latin1").partition(" ")
    host = headers.get(b"host")
    if scheme.lower() != "bearer" or not host or headers.get(b"accept", b"") not in ACCEPTED:
        return None
    if scope["method"] == "POST" and not _has_plain_body(headers):
        return None
    return FastRequest(
        scope=scope,
        method=scope["method"],
        token=token.strip(),
        origin=f"{_scheme_of(scope, headers)}://{host.decode('latin1')}",
        request_id=request_id_of_header(headers.get(b"x-request-id", b"").decode("latin1")),
        client_address=address_of_scope(scope),
        door=Door(version=version, path=path),
        **more,
    )


def _has_plain_body(headers: dict[bytes, bytes]) -> bool:
    length = headers.get(b"content-length", b"")
    return headers.get(b"content-type") in JSON and length.isdigit() and 0 < int(length[:9]) <= MAX_BODY


def _scheme_of(scope: Any, headers: dict[bytes, bytes]) -> str:
    """As Django has it behind `ArrivalMiddleware`: our own proxies say how they were called."""
    forwarded = headers.get(b"x-forwarded-proto")
    peer, *_ = scope.get("client") or [None]
    if forwarded is None or not is_our_proxy(peer):
        return str(scope["scheme"])
    return "https" if forwarded == b"https" else "http"
