from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from common import dashboard
        from common.sizes import sizes
        from realtime import registry

        from .dashboard import CARDS
        from .events import SessionRevoked
        from .realtime import SessionAuthenticator, session_of
        from .sizes import SIZES

        registry.register_authenticator(SessionAuthenticator())
        registry.closes[SessionRevoked.type] = session_of
        dashboard.cards.extend(CARDS)
        sizes.update(SIZES)
