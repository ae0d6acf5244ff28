"""Files that anybody may have who knows their name. A proxy or a CDN may stand before it."""

from typing import Final

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

# The only names there are here: no way up, no way to anything else that the storage holds.
NAMES: Final = r"[a-z]+/[0-9a-f]{32}(?:-[0-9]+)?\.webp"
YEAR: Final = 365 * 86_400  # seconds


@require_safe
def media(request: HttpRequest, name: str) -> HttpResponse:
    """A picture. Its name changes with its content, so whoever has it never asks again (RFC 8246)."""
    try:
        with default_storage.open(name) as file:
            content = file.read()
    except FileNotFoundError:
        raise Http404 from None
    return HttpResponse(
        content,
        content_type="image/webp",
        headers={
            "Cache-Control": f"public, max-age={YEAR}, immutable",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
        },
    )
