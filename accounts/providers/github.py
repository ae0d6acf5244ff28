"""GitHub: OAuth 2.0 without OpenID Connect, so it is asked who somebody is.

Sources: GitHub, "Authorizing OAuth apps" and the REST API's "Users" and "Emails".
"""

from typing import Any

import httpx2 as httpx
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client

from accounts.problems import ProviderUnavailable, SocialSignInFailed

from .base import TIMEOUT, Attempt, Identity, call


class GitHub:
    name = "github"

    def __init__(self, *, client_id: str, client_secret: str, site: str, api: str) -> None:
        self.client_id, self._secret = client_id, client_secret
        self.site, self.api = site, api

    def authorization_url(self, attempt: Attempt) -> str:
        url, _ = self._client(attempt).create_authorization_url(
            f"{self.site}/login/oauth/authorize", state=attempt.state, code_verifier=attempt.verifier
        )
        return str(url)

    def identity_of_code(self, code: str, attempt: Attempt) -> Identity:
        try:
            with self._client(attempt) as client:
                token = client.fetch_token(
                    f"{self.site}/login/oauth/access_token",
                    code=code,
                    code_verifier=attempt.verifier,
                    headers={"Accept": "application/json"},  # a form otherwise
                )
        except OAuthError as error:
            raise SocialSignInFailed from error
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderUnavailable from error
        headers = {
            "Authorization": f"Bearer {token.get('access_token')}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        person = call("GET", f"{self.api}/user", headers=headers)
        emails: Any = call("GET", f"{self.api}/user/emails", headers=headers).get("items", [])
        if not isinstance(person.get("id"), int):
            raise SocialSignInFailed
        primary = [each["email"] for each in emails if each.get("primary") and each.get("verified")]
        return Identity(
            provider=self.name,
            subject=str(person["id"]),
            email=str(primary[0]) if primary else "",
            name=str(person.get("name") or person.get("login") or "")[:80],
        )

    def identity_of_token(self, id_token: str, nonce: str) -> Identity:
        """GitHub has no id tokens."""
        raise SocialSignInFailed

    def _client(self, attempt: Attempt) -> OAuth2Client:
        return OAuth2Client(
            client_id=self.client_id,
            client_secret=self._secret,
            scope="read:user user:email",
            redirect_uri=attempt.redirect_uri,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 (a method, not a secret)
            timeout=TIMEOUT,
        )
