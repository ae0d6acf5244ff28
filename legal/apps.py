from django.apps import AppConfig


class LegalConfig(AppConfig):
    name = "legal"

    def ready(self) -> None:
        from accounts.newcomers import welcomes
        from accounts.services import audit
        from common import dashboard, holdings
        from common.api.bars import bars
        from realtime import registry

        from . import purposes
        from .dashboard import CARDS
        from .duties import kept_out, require_nothing_owed
        from .privacy import PART
        from .services.acceptances import accept_at_sign_up
        from .verbs import VERBS

        welcomes.append(accept_at_sign_up)
        bars.append(require_nothing_owed)
        registry.keeps_out.append(kept_out)
        purposes.register(*purposes.OF_EVERYBODY)
        dashboard.cards.extend(CARDS)
        audit.verbs.update(VERBS)
        holdings.register(PART)
