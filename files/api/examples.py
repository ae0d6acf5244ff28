"""Examples of the API's documents: one photo."""

from typing import Final

from django.conf import settings

FILE_ID: Final = "0198c5b3-2b10-7d02-a1c4-5e6f70819203"
LAYLA: Final = "0198c5b2-7d44-7a31-9c11-2f6a4e8b1d01"
LINK: Final = f"exp=1795255200&for={LAYLA}&sig=Zm9yIGxheWxhIGFsb25lLCBmb3IgYSB3aGlsZQ"
BASE: Final = f"{settings.CDN_URL}/api/v1/files/{FILE_ID}"

FILE: Final = {
    "id": FILE_ID,
    "name": "camp.jpg",
    "size": 2481152,
    "type": "image/jpeg",
    "kind": "image",
    "purpose": "message",
    "scan": "clean",
    "url": f"{BASE}/content?{LINK}",
    "thumbnail": f"{BASE}/thumbnail?size=320&{LINK}",
    "thumbnails": {
        "160": f"{BASE}/thumbnail?size=160&{LINK}",
        "320": f"{BASE}/thumbnail?size=320&{LINK}",
        "1280": f"{BASE}/thumbnail?size=1280&{LINK}",
    },
    "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
    "width": 4032,
    "height": 3024,
    "duration": None,
    "waveform": None,
    "playable": None,
    "uploaded_by": LAYLA,
    "created_at": "2026-11-21T09:14:30Z",
}
UPLOADED: Final = FILE | {
    "scan": "pending",
    "url": None,
    "thumbnail": None,
    "thumbnails": {},
    "blurhash": None,
}

UPLOAD: Final = {
    "id": "0198c5b2-7d44-7000-8000-0000000000f1",
    "name": "petra.mp4",
    "purpose": "",
    "size": 12_000_000,
    "offset": 8_388_608,
    "state": "open",
    "error": "",
    "file": None,
    "direct": False,
    "piece_bytes": 8_388_608,
    "parts": [],
    "created_at": "2026-11-21T09:00:00Z",
    "expires_at": "2026-11-22T09:00:00Z",
}
UPLOAD_DONE: Final = UPLOAD | {
    "offset": 12_000_000,
    "state": "done",
    "file": "0198c5b2-7d44-7000-8000-0000000000f2",
    "direct": True,
}
