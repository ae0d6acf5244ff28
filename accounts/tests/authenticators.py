"""What people hold in their hands, an authenticator app and a security key, written from the standards."""

import hashlib
import hmac
import json
import secrets
import struct
import time
from base64 import b32decode, urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

HERE = "http://testserver"
UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40  # flags of WebAuthn §6.1


def totp_of(secret: str, *, at: float | None = None, steps: int = 0) -> str:
    """The digits that an app shows (RFC 6238, RFC 4226 §5.3), *steps* of thirty seconds from now."""
    counter = int(time.time() if at is None else at) // 30 + steps
    digest = hmac.new(b32decode(secret), struct.pack(">Q", counter), hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def to_text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def to_bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class SecurityKey:
    """A WebAuthn authenticator with one credential (ES256), and the browser in front of it."""

    def __init__(self, *, origin: str = HERE, flags: int = UP | UV, synchronised: bool = False) -> None:
        self.origin = origin
        self.flags = flags | (BE | BS if synchronised else 0)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(32)
        self.count = 0
        self.user_handle: bytes | None = None

    def make(self, options: dict[str, Any], **client_data: Any) -> dict[str, Any]:
        """`navigator.credentials.create`: what `toJSON()` gives of it."""
        self.user_handle = to_bytes(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        credential = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor2.dumps(public)
        data = self._data(options["rp"]["id"], self.flags | AT) + credential
        return self._json(
            clientDataJSON=self._client_data("webauthn.create", options, client_data),
            attestationObject=cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data}),
            transports=["usb", "nfc"],
        )

    def sign(self, options: dict[str, Any], **client_data: Any) -> dict[str, Any]:
        """`navigator.credentials.get`: what `toJSON()` gives of it."""
        self.count += 1
        data = self._data(options["rpId"], self.flags)
        client = self._client_data("webauthn.get", options, client_data)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._json(
            clientDataJSON=client,
            authenticatorData=data,
            signature=signature,
            userHandle=self.user_handle,
        )

    def _data(self, rp_id: str, flags: int) -> bytes:
        return hashlib.sha256(rp_id.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _client_data(self, kind: str, options: dict[str, Any], more: dict[str, Any]) -> bytes:
        data = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(data | more).encode()

    def _json(self, **response: Any) -> dict[str, Any]:
        texts = {name: to_text(part) if isinstance(part, bytes) else part for name, part in response.items()}
        return {
            "id": to_text(self.id),
            "rawId": to_text(self.id),
            "type": "public-key",
            "response": texts,
            "clientExtensionResults": {},
            "authenticatorAttachment": "cross-platform",
        }
