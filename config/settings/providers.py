"""Others who say who somebody is. Without an id of ours there they answer `503 provider_not_configured`."""

from datetime import timedelta

from .environment import PRODUCTION, env

SOCIAL: dict[str, dict[str, object]] = {
    "google": {
        "issuer": "https://accounts.google.com",
        "client_id": env.str("GOOGLE_CLIENT_ID", ""),
        "client_secret": env.str("GOOGLE_CLIENT_SECRET", ""),
        "native_client_ids": env.list("GOOGLE_NATIVE_CLIENT_IDS", default=[]),  # of the apps
    },
    "apple": {
        "issuer": "https://appleid.apple.com",
        "client_id": env.str("APPLE_CLIENT_ID", ""),
        "team_id": env.str("APPLE_TEAM_ID", ""),
        "key_id": env.str("APPLE_KEY_ID", ""),
        "private_key": env.str("APPLE_PRIVATE_KEY", "").replace("\\n", "\n"),  # PEM, in one line or a file
        "native_client_ids": env.list("APPLE_NATIVE_CLIENT_IDS", default=[]),
    },
    "github": {
        "client_id": env.str("GITHUB_CLIENT_ID", ""),
        "client_secret": env.str("GITHUB_CLIENT_SECRET", ""),
        "site": "https://github.com",
        "api": "https://api.github.com",
    },
}
SOCIAL_REDIRECT_URIS = env.list("SOCIAL_REDIRECT_URIS", default=[])  # exactly these
SOCIAL_LOOPBACK = not PRODUCTION  # localhost, on any port
SOCIAL_FLOW_LIFETIME = timedelta(minutes=10)  # from the first call to the person's return
LOCAL_SIGN_IN = not PRODUCTION  # the provider for which whoever types an address is its owner

TELEGRAM_BOT_TOKEN = env.str("TELEGRAM_BOT_TOKEN", "")
TELEGRAM_INIT_DATA_LIFETIME = timedelta(seconds=env.int("TELEGRAM_INIT_DATA_LIFETIME", 86_400))
