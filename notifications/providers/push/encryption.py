"""Encryption for one browser: RFC 8291, by the content encoding `aes128gcm` of RFC 8188."""

import os
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE: Final = ec.SECP256R1()
POINT: Final = 65  # bytes of a public key, uncompressed
SECRET: Final = 16  # bytes that browser and application server share
SALT: Final = 16  # bytes
RECORD: Final = 4096  # bytes; the one record that there is
OVERHEAD: Final = SALT + 4 + 1 + POINT + 1 + 16  # header (RFC 8188 §2.1), delimiter, tag
MAX_BODY: Final = 4096  # bytes that every push service takes (RFC 8030 §7.2)
MAX_TEXT: Final = MAX_BODY - OVERHEAD


def seal(
    text: bytes,
    *,
    public_key: bytes,
    secret: bytes,
    salt: bytes | None = None,
    own_key: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """*text* for the browser whose key and secret these are; nobody between can read it.

    Args:
        public_key: `p256dh`, uncompressed.
        secret: `auth`.
        salt, own_key: of this message alone, made here: given by tests, which have to know them.

    Raises:
        ValueError: *public_key* is no point of the curve, or *text* is longer than `MAX_TEXT`.
    """
    if len(text) > MAX_TEXT:
        raise ValueError(f"{len(text)} bytes are too many for one record.")
    salt = salt or os.urandom(SALT)
    own_key = own_key or ec.generate_private_key(CURVE)
    own_point = point_of(own_key)
    shared = own_key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, public_key))
    # RFC 8291 §3.4
    info = b"WebPush: info\0" + public_key + own_point
    keying = HKDF(algorithm=SHA256(), length=32, salt=secret, info=info).derive(shared)
    # RFC 8188 §2.2, §2.3
    key = HKDF(algorithm=SHA256(), length=16, salt=salt, info=b"Content-Encoding: aes128gcm\0").derive(keying)
    nonce = HKDF(algorithm=SHA256(), length=12, salt=salt, info=b"Content-Encoding: nonce\0").derive(keying)
    header = salt + RECORD.to_bytes(4, "big") + bytes([POINT]) + own_point
    return header + AESGCM(key).encrypt(nonce, text + b"\x02", None)  # 2: the last record


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public key of *key*, uncompressed."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
