"""Which door of the API a request came through, and what that door owes it.

Three things are settled before routing, so that one view serves every spelling of its path: the version, the
alias, and whose manners hold (`/api/v1/…` speaks snake_case; unversioned `/api/…` is the older clients'
door: camelCase, and `success`, `error` and `token` beside the fields). A trailing slash is optional
everywhere and never redirects.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict

from common.aliases import VERSION, table
from common.api.answers import problem_response
from common.api.casing import to_snake
from common.http import Door, OurRequest, door_of
from common.problems import UnknownVersion


class ApiDoorMiddleware:
    def __init__(self, get_response: Callable[[OurRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: OurRequest) -> HttpResponse:
        if not request.path_info.startswith("/api/"):
            return self.get_response(request)
        path = request.path_info.removeprefix("/api/").rstrip("/")
        try:
            request.door = self._door(request, path)
        except UnknownVersion as problem:
            return self._finish(request, problem_response(problem, request))
        if request.door.path:
            request.path_info = request.door.canonical
        else:
            request.path_info = f"/api/{path}"
        if request.door.is_camel and request.META.get("QUERY_STRING"):
            request.GET = _snake_query(request.GET)  # type: ignore[assignment]
        return self._finish(request, self.get_response(request))

    def _door(self, request: HttpRequest, path: str) -> Door:
        newest = settings.API_VERSIONS[-1]
        asked = request.headers.get("X-API-Version") or _accept_parameter(request, "version")
        if asked and asked not in map(str, settings.API_VERSIONS):
            raise UnknownVersion(versions=settings.API_VERSIONS)
        if path.partition("/")[0] in table().platform:
            return Door(version=int(asked or newest))
        if in_path := VERSION.match(path):
            if int(in_path[1]) not in settings.API_VERSIONS:
                raise UnknownVersion(versions=settings.API_VERSIONS)
            door, path = Door(version=int(in_path[1])), path[in_path.end() :]
        else:
            door = Door(version=int(asked or newest), is_older=True, is_camel=True)
        if case := _accept_parameter(request, "case"):
            door = replace(door, is_camel=case == "camel")
        alias, path = table().resolve(path, is_versioned=not door.is_older)
        owes_token = door.is_older and path in table().token_paths
        return replace(door, path=path, alias=alias, owes_token=owes_token)

    @staticmethod
    def _finish(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        door = door_of(request)
        response["API-Version"] = str(door.version)
        if alias := door.alias:
            response["Deprecation"] = alias.deprecation
            response["Sunset"] = alias.sunset_date
            response["Link"] = f'<{quote(door.canonical)}>; rel="successor-version"'
        for name, value in getattr(request, "limit_headers", {}).items():
            response.headers.setdefault(name, value)
        return response


def _accept_parameter(request: HttpRequest, name: str) -> str | None:
    """A parameter of the Accept header's media types: `application/json; version=1; case=camel`."""
    found = re.search(rf";\s*{name}\s*=\s*\"?([\w.-]+)", request.headers.get("Accept", ""))
    return found[1] if found else None


def _snake_query(given: QueryDict) -> QueryDict:
    query = QueryDict(mutable=True)
    for name, values in given.lists():
        query.setlist(to_snake(name), values)
    query._mutable = False
    return query
