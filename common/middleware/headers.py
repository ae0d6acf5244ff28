"""What a browser may do with an answer."""

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class HeadersMiddleware(CSPMiddleware):
    """`Content-Security-Policy` by what an answer is, and which other sites may load it.

    Data gets the policy of nothing and our own pages theirs; who needs more has it by its path
    (`config/settings/headers.py`). A view may set a header of its own.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Cross-Origin-Resource-Policy", settings.CROSS_ORIGIN_RESOURCE_POLICY)
        return super().process_response(request, response)

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,  # noqa: FBT001, FBT002 (the package's signature)
    ) -> PolicyParts:
        if report_only:
            return PolicyParts()
        return PolicyParts(config=policy_of(request, response), nonce=getattr(request, "_csp_nonce", None))


def policy_of(request: HttpRequest, response: HttpResponseBase) -> dict[str, list[object]]:
    if not response.headers.get("Content-Type", "").startswith("text/html"):
        return settings.CONTENT_POLICY_OF_DATA
    for beginning, policy in settings.CONTENT_POLICIES:
        if request.path.startswith(beginning):
            return policy
    return settings.CONTENT_POLICY_OF_PAGES
