"""Other providers, as a real HTTP server that checks what it is sent: OpenID Connect, and GitHub's own way.

Written from OpenID Connect Core 1.0, RFC 6749 and RFC 7636, and GitHub's documents; it shares no code with
what it tests. What it should get wrong is said by its `faults`.
"""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CLIENT_ID = "serai-web"
CLIENT_SECRET = "s3cret-of-the-web-client"
REDIRECT_URI = "https://app.serai.example/back"


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


KEY, OTHER_KEY = new_key(), new_key()
APPLE_KEY = ec.generate_private_key(ec.SECP256R1())


class ProviderServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []  # paths, in their order
        self.person: dict[str, Any] = {
            "sub": "110169484474386276334",
            "email": "layla@gmail.com",
            "email_verified": True,
            "name": "Layla Haddad",
        }
        self.emails: list[dict[str, Any]] = []  # of GitHub
        self.faults: dict[str, Any] = {}  # claims to sign instead, or how to behave
        self.kid, self.key = "k1", KEY
        self.client_secret_is_a_token = False  # as Apple has it

    def go_there(self, authorization_url: str) -> dict[str, str]:
        """What the person's browser comes back with."""
        parts = urlsplit(authorization_url)
        asked = dict(parse_qsl(parts.query))
        assert authorization_url.startswith(self.url)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        assert asked["redirect_uri"] == REDIRECT_URI
        assert asked["code_challenge_method"] == "S256"
        code = f"code{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def id_token(self, *, nonce: str | None = None, **more: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 3600} | self.person
        if nonce is not None:
            claims["nonce"] = nonce
        claims |= {name: value for name, value in more.items() if value is not None}
        for name in [name for name, value in more.items() if value is None]:
            claims.pop(name, None)
        algorithm = self.faults.get("alg", "RS256")
        key: Any = self.faults.get("key", self.key)
        return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": self.kid})


class Answers(BaseHTTPRequestHandler):
    server: ProviderServer

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if (status := self.server.faults.get("status")) is not None:
            return self.answer({"error": "server_error"}, status)
        url = self.server.url
        match self.path:
            case "/.well-known/openid-configuration":
                return self.answer(
                    {
                        "issuer": self.server.faults.get("issuer", url),
                        "authorization_endpoint": f"{url}/authorize",
                        "token_endpoint": f"{url}/token",
                        "jwks_uri": f"{url}/keys",
                    }
                )
            case "/keys":
                public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.server.key.public_key()))
                public |= {"kid": self.server.kid, "use": "sig", "alg": "RS256"}
                return self.answer({"keys": [public]})
            case "/user" | "/user/emails" if self.headers["Authorization"] != "Bearer at-1":
                return self.answer({"message": "Bad credentials"}, 401)
            case "/user":
                return self.answer({"id": 583231, "login": "layla-h", "name": "Layla Haddad"})
            case "/user/emails":
                return self.answer(self.server.emails)
        return self.answer({}, 404)

    def do_POST(self) -> None:
        self.server.asked.append(self.path)
        given = {
            name: values[0]
            for name, values in parse_qs(
                self.rfile.read(int(self.headers["Content-Length"])).decode(), strict_parsing=True
            ).items()
        }
        asked = self.server.codes.pop(given.get("code", ""), None)
        problems = [
            "grant" if given.get("grant_type") != "authorization_code" else "",
            "code" if asked is None else "",
            "client" if given.get("client_id") != CLIENT_ID else "",
            "secret" if not self.knows_secret(given.get("client_secret", "")) else "",
        ]
        if asked is not None:
            digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            problems += [
                "verifier" if challenge != asked["code_challenge"] else "",
                "redirect" if given.get("redirect_uri") != asked["redirect_uri"] else "",
            ]
        if any(problems) or asked is None:
            return self.answer({"error": "invalid_grant", "error_description": ",".join(problems)}, 400)
        if self.path == "/login/oauth/access_token":
            assert self.headers["Accept"] == "application/json"
            return self.answer({"access_token": "at-1", "token_type": "bearer", "scope": asked["scope"]})
        half = hashlib.sha256(b"at-1").digest()[:16]
        claims = {"at_hash": base64.urlsafe_b64encode(half).decode().rstrip("=")}
        claims |= self.server.faults.get("claims", {})
        claims = {"nonce": asked["nonce"]} | claims
        token = self.server.id_token(**claims)
        return self.answer(
            {"access_token": "at-1", "token_type": "Bearer", "expires_in": 3600, "id_token": token}
        )

    def knows_secret(self, secret: str) -> bool:
        if not self.server.client_secret_is_a_token:
            return secret == CLIENT_SECRET
        claims = jwt.decode(
            secret,
            APPLE_KEY.public_key(),
            algorithms=["ES256"],
            audience=self.server.url,
            issuer="TEAM123456",
        )
        return claims["sub"] == CLIENT_ID and jwt.get_unverified_header(secret)["kid"] == "KEY1234567"

    def answer(self, body: Any, status: int = 200) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@contextmanager
def running() -> Iterator[ProviderServer]:
    server = ProviderServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
