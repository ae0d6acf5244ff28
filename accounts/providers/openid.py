"""Providers that speak OpenID Connect: Google and Apple.

Sources: OpenID Connect Core 1.0 §3.1 and Discovery 1.0; RFC 7636 (PKCE); Google, "OpenID Connect" and "Verify
the Google ID token on your server side"; Apple, "Authenticating users with Sign in with Apple" and "Creating
a client secret".
"""

import hashlib
import time
from typing import Any, Final

import httpx2 as httpx
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from django.core.cache import cache
from django.utils.crypto import constant_time_compare
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from accounts.problems import ProviderUnavailable, SocialSignInFailed
from accounts.tokens import fingerprint

from .base import TIMEOUT, Attempt, Identity, call

ALGORITHMS: Final = ["RS256", "ES256"]  # asymmetric alone: a shared secret must not pass for a public key
METADATA_KEPT: Final = 3600  # seconds; keys change rarely and an unknown one is asked for again
ASKED_AGAIN: Final = 60  # seconds: a forged key id must not make us call the provider each time
NATIVE_AGE: Final = 600  # seconds since an app's id token was issued
LEEWAY: Final = 60  # seconds that clocks may differ


class OpenIdProvider:
    name: str
    scope: str = "openid email profile"
    token_auth = "client_secret_post"  # noqa: S105 (a method, not a secret)

    def __init__(
        self,
        *,
        issuer: str,
        client_id: str,
        client_secret: str = "",
        native_client_ids: tuple[str, ...] = (),
    ) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self._secret = client_secret
        self.native_client_ids = native_client_ids

    def authorization_url(self, attempt: Attempt) -> str:
        url, _ = self._client(attempt).create_authorization_url(
            self._metadata()["authorization_endpoint"],
            state=attempt.state,
            nonce=attempt.nonce,
            code_verifier=attempt.verifier,
            **self.more_parameters(),
        )
        return str(url)

    def identity_of_code(self, code: str, attempt: Attempt) -> Identity:
        try:
            with self._client(attempt) as client:
                token = client.fetch_token(
                    self._metadata()["token_endpoint"],
                    code=code,
                    code_verifier=attempt.verifier,
                    client_secret=self.client_secret(),
                )
        except OAuthError as error:
            raise SocialSignInFailed from error
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderUnavailable from error
        if not isinstance(token.get("id_token"), str):
            raise SocialSignInFailed
        claims = self._claims(
            token["id_token"],
            audiences=[self.client_id],
            nonce=attempt.nonce,
            access_token=token.get("access_token"),
        )
        return self.identity(claims)

    def identity_of_token(self, id_token: str, nonce: str) -> Identity:
        claims = self._claims(id_token, audiences=[self.client_id, *self.native_client_ids])
        # Apple's SDK is given the hash of the nonce, Google's the nonce itself.
        sent = str(claims.get("nonce", ""))
        fits = any(
            constant_time_compare(sent, each) for each in (nonce, hashlib.sha256(nonce.encode()).hexdigest())
        )
        if (sent or nonce) and not fits:
            raise SocialSignInFailed
        if time.time() - claims["iat"] > NATIVE_AGE:
            raise SocialSignInFailed
        seconds = max(1, int(claims["exp"] - time.time())) + LEEWAY
        if not cache.add(f"id-token:{fingerprint(id_token)}", 1, timeout=seconds):
            raise SocialSignInFailed  # once: who overheard it comes second
        return self.identity(claims)

    def identity(self, claims: dict[str, Any]) -> Identity:
        # Apple sends the word.
        is_verified = claims.get("email_verified") in (True, "true")
        email = str(claims.get("email", "")) if is_verified else ""
        return Identity(
            provider=self.name,
            subject=str(claims["sub"]),
            email=email,
            vouches=bool(email) and self.vouches(claims),
            name=str(claims.get("name", ""))[:80],
        )

    def vouches(self, claims: dict[str, Any]) -> bool:
        raise NotImplementedError

    def client_secret(self) -> str:
        return self._secret

    def more_parameters(self) -> dict[str, str]:
        return {}

    def issuers(self) -> list[str]:
        return [self.issuer]

    def _client(self, attempt: Attempt) -> OAuth2Client:
        return OAuth2Client(
            client_id=self.client_id,
            scope=self.scope,
            redirect_uri=attempt.redirect_uri,
            code_challenge_method="S256",
            token_endpoint_auth_method=self.token_auth,
            timeout=TIMEOUT,
        )

    def _claims(
        self, id_token: str, *, audiences: list[str], nonce: str = "", access_token: str | None = None
    ) -> dict[str, Any]:
        token = self._verified(id_token)
        options: dict[str, Any] = {
            "iss": {"essential": True, "values": self.issuers()},
            "aud": {"essential": True, "values": audiences},
        }
        params = {
            "nonce": nonce,
            "client_id": self.client_id if nonce else None,
            "access_token": access_token,
        }
        claims = CodeIDToken(token.claims, token.header, options, params)
        try:
            claims.validate(leeway=LEEWAY)
        except (JoseError, TypeError, ValueError, AttributeError) as error:
            raise SocialSignInFailed from error
        if not (claims.get("sub") and isinstance(claims["sub"], str) and len(claims["sub"]) <= 255):
            raise SocialSignInFailed
        return dict(claims)

    def _verified(self, id_token: str) -> jwt.Token:
        try:
            return jwt.decode(id_token, self._keys(), algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            # Perhaps a key that is newer than what we know.
            if not cache.add(f"oidc:asked-again:{self.issuer}", 1, timeout=ASKED_AGAIN):
                raise SocialSignInFailed from None
        try:
            return jwt.decode(id_token, self._keys(anew=True), algorithms=ALGORITHMS)
        except (JoseError, ValueError) as error:
            raise SocialSignInFailed from error

    def _metadata(self) -> dict[str, Any]:
        slot = f"oidc:metadata:{self.issuer}"
        if (found := cache.get(slot)) is None:
            found = call("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.issuer:  # Discovery 1.0 §4.3
                raise ProviderUnavailable
            cache.set(slot, found, timeout=METADATA_KEPT)
        return found

    def _keys(self, *, anew: bool = False) -> KeySet:
        slot = f"oidc:keys:{self.issuer}"
        if anew or (found := cache.get(slot)) is None:
            found = call("GET", self._metadata()["jwks_uri"])
            cache.set(slot, found, timeout=METADATA_KEPT)
        try:
            return KeySet.import_key_set(found)
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise ProviderUnavailable from error


class Google(OpenIdProvider):
    name = "google"

    def issuers(self) -> list[str]:
        return [self.issuer, self.issuer.removeprefix("https://")]  # Google writes both

    def vouches(self, claims: dict[str, Any]) -> bool:
        """Google is the authority for its own addresses and those of its Workspace, and says so in `hd`."""
        return str(claims["email"]).lower().endswith("@gmail.com") or bool(claims.get("hd"))


class Apple(OpenIdProvider):
    name = "apple"
    scope = "openid email name"

    def __init__(self, *, team_id: str, key_id: str, private_key: str, **more: Any) -> None:
        super().__init__(**more)
        self.team_id, self.key_id, self._private_key = team_id, key_id, private_key

    def more_parameters(self) -> dict[str, str]:
        return {"response_mode": "form_post"}  # Apple's demand where a scope is asked for

    def client_secret(self) -> str:
        """A token that we sign, good for this call."""
        now = int(time.time())
        claims = {
            "iss": self.team_id,
            "iat": now,
            "exp": now + 300,
            "aud": self.issuer,
            "sub": self.client_id,
        }
        key = ECKey.import_key(self._private_key)
        return jwt.encode({"alg": "ES256", "kid": self.key_id}, claims, key, algorithms=["ES256"])

    def vouches(self, claims: dict[str, Any]) -> bool:
        """Apple has verified each address, and relays to those that it makes itself."""
        return True
