"""Addresses of a file's content, for whatever can't send a token: an image on a page, a player, a download.

One is signed for one reader and some time. It opens nothing by itself: the reader's right is asked again
whenever it is used, so who loses it has nothing in their hands.
"""

from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils import timezone

from accounts.models import User
from files.models import File
from files.problems import LinkInvalid

_SIGNER: Final = Signer(salt="files.link")


def address_of(file: File, part: str, *, reader: UUID | None, **query: int) -> str:
    """Where *part* of *file*, `content` or `thumbnail`, is.

    Args:
        reader: for whom it is signed, so that it needs no token; None: for nobody.
        query: what else stands in it. It is not signed.
    """
    if reader is not None:
        expires = _next_end()
        query |= {"exp": expires}
        signed = {"for": str(reader), "sig": _signature(file.pk, reader, expires)}
    else:
        signed = {}
    told = f"?{urlencode(query | signed)}" if query or signed else ""
    return f"{settings.CDN_URL}/api/v1/files/{file.pk}/{part}{told}"


def reader_of_link(*, file: UUID, reader: str, expires: str, signature: str) -> User:
    """Whom a link to *file* was made for.

    Raises:
        LinkInvalid: it is over, was changed, or they are not there any more.
    """
    try:
        _SIGNER.unsign(f"{file}.{reader}.{expires}:{signature}")
    except BadSignature:
        raise LinkInvalid from None
    if int(expires) <= timezone.now().timestamp():
        raise LinkInvalid
    user = User.objects.filter(pk=reader, is_active=True).first()
    if user is None:
        raise LinkInvalid
    return user


def _signature(file: UUID, reader: UUID, expires: int) -> str:
    return _SIGNER.signature(f"{file}.{reader}.{expires}")


def _next_end() -> int:
    """One or two lifetimes from now: the same for a while, so that a browser finds what it has kept."""
    lifetime = settings.FILE_LINK_LIFETIME
    return (int(timezone.now().timestamp()) // lifetime + 2) * lifetime
