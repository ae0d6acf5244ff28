"""What holds the audit log together: an entry's content in one spelling, keyed marks, a chain of hashes.

Three things are made of an entry:
* `address_mac`, of its id and address. The rest covers this instead of the address, so that an address can
  be forgotten and the log stays whole.
* `mac`, of all that it says, when it is written: whoever can write to the table, but has none of
  `AUDIT_KEYS`, can't write an entry.
* `hash`, of all that, its place, and the hash of the entry before, when it is sealed: none can be taken out,
  put in or moved, unless every later one and the head are made anew; and the head is keyed.
"""

import hmac
from datetime import UTC
from hashlib import sha256
from ipaddress import ip_address
from typing import Any, Final

import orjson
from django.conf import settings

from .models import AuditEntry, AuditHead

_ADDRESS: Final = b"serai audit address\0"  # a mark made for one purpose is worth nothing for another
_ENTRY: Final = b"serai audit entry\0"
_HEAD: Final = b"serai audit head\0"


def sign(entry: AuditEntry) -> None:
    """Fill in what is made of a new entry, under the first of `AUDIT_KEYS`."""
    key = settings.AUDIT_KEYS[0]
    entry.address_mac = _mac(key, _ADDRESS, _address_of(entry)) if entry.address else ""
    entry.mac = _mac(key, _ENTRY, _content_of(entry))


def is_ours(entry: AuditEntry) -> bool:
    """Whether it says what it said when it was written, by somebody with a key."""
    return _holds(entry.mac, _ENTRY, _content_of(entry))


def is_address_ours(entry: AuditEntry) -> bool:
    """Whether the address is the one that was written, or was forgotten."""
    return not entry.address or _holds(entry.address_mac, _ADDRESS, _address_of(entry))


def link(previous: str, entry: AuditEntry) -> str:
    """The hash of *entry* at its place, after one whose hash is *previous*; blank before the first."""
    sealed = orjson.dumps([previous, entry.place, entry.mac])
    return sha256(sealed + _content_of(entry)).hexdigest()


def sign_head(head: AuditHead) -> None:
    head.mac = _mac(settings.AUDIT_KEYS[0], _HEAD, _head_of(head))


def is_head_ours(head: AuditHead) -> bool:
    return _holds(head.mac, _HEAD, _head_of(head))


def _content_of(entry: AuditEntry) -> bytes:
    content: dict[str, Any] = {
        "id": str(entry.pk),
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "category": str(entry.category),
        "verb": entry.verb,
        "actor": entry.actor and str(entry.actor),
        "subject": entry.subject and str(entry.subject),
        "target_type": entry.target_type,
        "target": entry.target,
        "details": entry.details,
        "request_id": entry.request_id,
        "session": entry.session and str(entry.session),
        "address_mac": entry.address_mac,
    }
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def _address_of(entry: AuditEntry) -> bytes:
    return entry.pk.bytes + ip_address(str(entry.address)).packed


def _head_of(head: AuditHead) -> bytes:
    return orjson.dumps([head.place, head.hash])


def _mac(key: str, purpose: bytes, content: bytes) -> str:
    return hmac.digest(key.encode(), purpose + content, "sha256").hex()


def _holds(mac: str, purpose: bytes, content: bytes) -> bool:
    keys: list[str] = settings.AUDIT_KEYS
    return any(hmac.compare_digest(mac.encode(), _mac(key, purpose, content).encode()) for key in keys)
