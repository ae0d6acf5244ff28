"""Receipts of erasures: signed (Ed25519, RFC 8032), so that anybody who has our public key can check one."""

import json
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings


class ReceiptInvalid(Exception):  # noqa: N818 (it says what is so)
    """Not a receipt of ours, or not as we gave it."""


def sign(receipt: dict[str, Any]) -> dict[str, Any]:
    """*receipt* with our public key and a signature over all of it."""
    whole = receipt | {"key": public_key()}
    return whole | {"signature": b64encode(_private_key().sign(_text(whole))).decode()}


def verify(receipt: Any) -> dict[str, Any]:
    """What *receipt* says, if we said it.

    Raises:
        ReceiptInvalid
    """
    try:
        whole = {name: value for name, value in receipt.items() if name != "signature"}
        if whole["key"] != public_key():
            raise ReceiptInvalid("It was signed with another key than RECEIPT_KEY.")
        key = Ed25519PublicKey.from_public_bytes(b64decode(whole["key"]))
        key.verify(b64decode(receipt["signature"]), _text(whole))
    except InvalidSignature:
        raise ReceiptInvalid("It was changed after it was signed.") from None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ReceiptInvalid("It is no receipt.") from None
    return whole


def public_key() -> str:
    return b64encode(_private_key().public_key().public_bytes_raw()).decode()


def _private_key() -> Ed25519PrivateKey:
    """Of `RECEIPT_KEY`, whatever it is made of: 32 bytes of its hash."""
    seed = sha256(f"receipts {settings.RECEIPT_KEY}".encode()).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def _text(receipt: dict[str, Any]) -> bytes:
    """One spelling: sorted keys, no spaces, UTF-8."""
    return json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
