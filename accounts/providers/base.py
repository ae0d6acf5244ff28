"""What a provider of identities is to us."""

from dataclasses import dataclass
from typing import Final, Protocol

import httpx2 as httpx

from accounts.problems import ProviderUnavailable, SocialSignInFailed

TIMEOUT: Final = 5.0  # seconds of one call; somebody waits


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Somebody, as a provider knows them.

    Attributes:
        subject: their id there, which stays theirs when the address changes.
        email: empty where the provider doesn't say, or hasn't verified it.
        vouches: whether the provider is the address's own authority, so that it proves the address today.
    """

    provider: str
    subject: str
    email: str = ""
    vouches: bool = False
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What one sign-in was begun with, and must be finished with."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str  # RFC 7636


class Provider(Protocol):
    def authorization_url(self, attempt: Attempt) -> str:
        """Where the person goes to say yes."""

    def identity_of_code(self, code: str, attempt: Attempt) -> Identity:
        """Exchange what they came back with.

        Raises:
            SocialSignInFailed: the provider refuses it, or answers what it must not.
            ProviderUnavailable: it can't be reached.
        """

    def identity_of_token(self, id_token: str, nonce: str) -> Identity:
        """Read what an app got from the provider's own SDK.

        Raises:
            SocialSignInFailed, ProviderUnavailable
        """


def call(method: str, url: str, *, client: httpx.Client | None = None, **more: object) -> dict[str, object]:
    """A call whose answer is a JSON object.

    Raises:
        ProviderUnavailable, SocialSignInFailed
    """
    try:
        response = (client or httpx).request(method, url, timeout=TIMEOUT, **more)  # type: ignore[arg-type]
        response.raise_for_status()
        body = response.json()
    except httpx.HTTPStatusError as error:
        if error.response.status_code >= 500:
            raise ProviderUnavailable from error
        raise SocialSignInFailed from error
    except (httpx.HTTPError, ValueError) as error:
        raise ProviderUnavailable from error
    return body if isinstance(body, dict) else {"items": body}
