"""A provider of our own for development: whoever types an address is its owner. Never in production.

It walks the same way as the others (a page elsewhere, a code, an exchange with PKCE), so that a client can be
written against it without an account anywhere.
"""

import base64
import hashlib
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.utils.crypto import constant_time_compare

from accounts.problems import SocialSignInFailed
from accounts.tokens import fingerprint

from .base import Attempt, Identity

_CODE: Final = "accounts.local-sign-in"
CODE_AGE: Final = 60  # seconds


class LocalProvider:
    name = "local"

    def authorization_url(self, attempt: Attempt) -> str:
        asked = {
            "redirect_uri": attempt.redirect_uri,
            "state": attempt.state,
            "code_challenge": _challenge(attempt.verifier),
        }
        return f"{settings.PUBLIC_URL}/dev/sign-in?{urlencode(asked)}"

    def identity_of_code(self, code: str, attempt: Attempt) -> Identity:
        try:
            given = signing.loads(code, salt=_CODE, max_age=CODE_AGE)
        except signing.BadSignature:
            raise SocialSignInFailed from None
        fits = constant_time_compare(given["challenge"], _challenge(attempt.verifier))
        if not fits or given["redirect_uri"] != attempt.redirect_uri:
            raise SocialSignInFailed
        if not cache.add(f"local-sign-in:{fingerprint(code)}", 1, timeout=CODE_AGE):
            raise SocialSignInFailed
        email = given["email"]
        name = email.partition("@")[0].title()
        return Identity(provider=self.name, subject=email, email=email, vouches=True, name=name)

    def identity_of_token(self, id_token: str, nonce: str) -> Identity:
        raise SocialSignInFailed


def make_code(*, email: str, challenge: str, redirect_uri: str) -> str:
    """What the page of `/dev/sign-in` sends somebody back with."""
    given = {"email": email, "challenge": challenge, "redirect_uri": redirect_uri}
    return signing.dumps(given, salt=_CODE)


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()  # RFC 7636 §4.2, S256
