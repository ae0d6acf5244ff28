from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from common import console, dashboard, holdings
        from common.gate import Source, register_source
        from common.jobs.work import register
        from common.sizes import large_bodies, sizes
        from realtime import registry

        from . import contributions, registries
        from .acts import record_act
        from .dashboard import CARDS
        from .events import SessionRevoked
        from .jobs import KINDS
        from .models import AddressRulesVersion, rules_in_force
        from .privacy import PART
        from .realtime import PAYLOADS, RENDERERS, SessionAuthenticator, session_of
        from .services import audit
        from .sizes import LARGE_BODIES, SIZES
        from .tasks import ring_for_sealing
        from .verbs import VERBS

        register_source(Source(version=AddressRulesVersion.current, rules=rules_in_force))
        registry.register_authenticator(SessionAuthenticator())
        registry.renderers |= RENDERERS
        registry.payloads |= PAYLOADS
        registry.closes[SessionRevoked.type] = session_of
        registries.settings_sections.update(contributions.SETTINGS)
        registries.stats.update(contributions.STATS)
        registries.portfolio.update(contributions.PORTFOLIO)
        registries.acts.extend(contributions.ACTS)
        dashboard.cards.extend(CARDS)
        sizes.update(SIZES)
        large_bodies.update(LARGE_BODIES)
        audit.verbs.update(VERBS)
        audit.bells.append(ring_for_sealing)
        console.listeners.append(record_act)
        holdings.register(PART)
        for kind in KINDS:
            register(kind)
