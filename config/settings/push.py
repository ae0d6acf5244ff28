"""Who brings pushes to apps and browsers. A provider without an account of ours takes no devices in
production; in development what it would have been sent is kept, to be seen at `/dev/pushes`.
"""

from hashlib import sha256
from typing import Any

from .base import PUBLIC_URL, SECRET_KEY
from .environment import DATA_DIR, PRODUCTION, env, key_of_number, pem_of, service_account, signing_key

PUSH: dict[str, dict[str, Any]] = {
    "fcm": {"url": "https://fcm.googleapis.com", "account": service_account("FCM_CREDENTIALS")},
    "apns": {
        "url": "https://api.push.apple.com",
        "sandbox_url": "https://api.sandbox.push.apple.com",
        "key": signing_key("APNS_KEY"),
        "key_id": env.str("APNS_KEY_ID", ""),
        "team_id": env.str("APNS_TEAM_ID", ""),
        "topics": env.list("APNS_TOPIC", default=[]),  # bundle ids of the apps
        "sandbox": env.bool("APNS_SANDBOX", False),
    },
    "webpush": {
        "key": signing_key("VAPID_PRIVATE_KEY"),
        "subject": env.str("VAPID_SUBJECT", PUBLIC_URL),
        # Whose addresses are taken from browsers: nothing else is ever called on a client's word.
        "hosts": env.list(
            "WEB_PUSH_HOSTS",
            default=[
                "fcm.googleapis.com",
                "*.push.services.mozilla.com",
                "*.push.apple.com",
                "*.notify.windows.com",
            ],
        ),
    },
}
LOCAL_PUSH = not PRODUCTION  # what has no account is kept on this machine
PUSH_DIR = DATA_DIR / "pushes"
# Browsers subscribe under a key, also where nothing is sent to them.
LOCAL_VAPID_KEY = pem_of(key_of_number(sha256(f"vapid {SECRET_KEY}".encode()).digest()))
