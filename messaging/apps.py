from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created
        from django.db.models.signals import post_migrate
        from django.utils.translation import gettext_lazy as _

        from accounts import registries
        from accounts.scopes import areas
        from accounts.services import audit
        from common import dashboard, holdings
        from common.events import listen
        from common.sizes import large_bodies, sizes
        from files import registries as files
        from notifications import kinds
        from notifications import registries as notifications
        from realtime import registry

        from . import contributions, notices, realtime, services
        from . import registries as own
        from .dashboard import CARDS, CHARTS
        from .privacy import PART
        from .search import SOURCES, backends
        from .sizes import LARGE_BODIES, SIZES
        from .verbs import VERBS

        for kind in notices.KINDS:
            kinds.register(kind)
        for event, caller in notices.CALLERS.items():
            kinds.call(event, caller)
        kinds.readings.update(notices.READINGS)
        registry.feeds["chat"] = realtime.ChatFeed()
        registry.commands |= realtime.COMMANDS
        registry.command_shapes |= realtime.COMMAND_SHAPES
        registry.payloads |= realtime.PAYLOADS
        registry.renderers |= realtime.RENDERERS
        registry.shapes |= realtime.SHAPES
        registry.moves |= realtime.MOVES
        registry.attendants.append(realtime.Attendance)
        listen(realtime.tell_parted)
        registries.looks.append(services.presence_of)
        registries.stats.update(contributions.STATS)
        registries.acts.extend(contributions.ACTS)
        dashboard.cards.extend(CARDS)
        dashboard.charts.extend(CHARTS)
        audit.verbs.update(VERBS)
        large_bodies.update(LARGE_BODIES)
        files.readers.append(services.readable_files)
        files.claims.append(services.named_files)
        files.changed.append(services.tell_of_file)
        files.leaving.append(services.lose_file)
        notifications.hearers["chat"] = services.hearers_of
        notifications.unread.append(services.unread_chats)
        sizes.update(SIZES)
        areas["chats"] = _("Chats and who is in them.")
        areas["contacts"] = _("The owner's contacts.")
        areas["messages"] = _("Messages: sending, reading, marking as read.")
        holdings.register(PART)
        own.sources.update(SOURCES)
        connection_created.connect(backends.on_connection)
        post_migrate.connect(backends.on_migrated, sender=self)
