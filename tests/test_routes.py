"""Every route of the product, and who gets what there. A route without a row fails."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.apps import apps
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import (
    ApiKey,
    MailedCode,
    Passkey,
    Session,
    User,
    avatar_name,
)
from accounts.scopes import areas
from accounts.services import (
    block_user,
    order_erasure,
    report_user,
    request_export,
    set_avatar,
    sign_in,
)
from accounts.services.codes import make_code
from accounts.tests.authenticators import totp_of
from accounts.tests.factories import (
    PASSWORD,
    RECOVERY_CODE,
    SECRET,
    ApiKeyFactory,
    AuthenticatorAppFactory,
    LinkedIdentityFactory,
    PasskeyFactory,
    RecoveryCodeFactory,
    SessionFactory,
    UserFactory,
)
from accounts.tests.telegram import BOT_TOKEN, init_data
from accounts.tokens import make_access, make_verification
from common.api.limits import UserLimit
from common.api.views import Counted
from common.tests.pictures import upload
from files.models import File, Upload
from files.services import begin_upload
from files.tests.factories import file_of
from legal.models import Text
from legal.tests.factories import published
from messaging.models import (
    Chat,
    Contact,
    DraftCopy,
    Folder,
    Invitation,
    Message,
    Participant,
    ScheduledMessage,
)
from messaging.problems import DraftConflict
from messaging.services import (
    accept_invitation,
    add_contact,
    add_reaction,
    create_folder,
    create_invitation,
    pin_message,
    save_draft,
    schedule_message,
    send_message,
)
from messaging.tests.factories import group_of
from notifications.models import Delivery, Notification, PushDevice, Webhook
from notifications.services import send_test
from notifications.tests.factories import NotificationFactory, PushDeviceFactory
from notifications.tests.webhooks import webhook_of
from notifications.tokens import make_unsubscribing

pytestmark = pytest.mark.django_db

# A stranger; somebody signed in who has nothing to do with it; then, of the group that the path names,
# a member, an admin and its owner. The session in a path is the owner's, the person a second member.
WHO = ("stranger", "outsider", "member", "admin", "owner")

EVERYBODY = (200, 200, 200, 200, 200)
SIGNED_IN = (401, 200, 200, 200, 200)
IN_THE_CHAT = (401, 404, 200, 200, 200)
THE_OWNERS = (401, 404, 404, 404, 200)

TABLE: dict[str, tuple[int, int, int, int, int]] = {
    "GET api/v1/webhooks": SIGNED_IN,
    "POST api/v1/webhooks": (401, 201, 201, 201, 201),
    "GET api/v1/webhooks/event-types": SIGNED_IN,
    "GET api/v1/webhooks/<uuid:pk>": THE_OWNERS,
    "PUT api/v1/webhooks/<uuid:pk>": THE_OWNERS,
    "PATCH api/v1/webhooks/<uuid:pk>": THE_OWNERS,
    "DELETE api/v1/webhooks/<uuid:pk>": (401, 404, 404, 404, 204),
    "POST api/v1/webhooks/<uuid:pk>/rotate": THE_OWNERS,
    "POST api/v1/webhooks/<uuid:webhook>/test": (401, 404, 404, 404, 202),
    "GET api/v1/webhooks/<uuid:webhook>/deliveries": THE_OWNERS,
    "POST api/v1/webhooks/<uuid:webhook>/deliveries/<uuid:pk>/redeliver": (401, 404, 404, 404, 202),
    "GET api/v1/webhooks/<uuid:webhook>/events": THE_OWNERS,
    "OPTIONS api/v1/files/uploads": (204, 204, 204, 204, 204),
    "POST api/v1/files/uploads": (401, 201, 201, 201, 201),
    "OPTIONS api/v1/files/uploads/<uuid:pk>": (204, 204, 204, 204, 204),
    "GET api/v1/files/uploads/<uuid:pk>": THE_OWNERS,
    "PATCH api/v1/files/uploads/<uuid:pk>": (401, 404, 404, 404, 415),  # nothing is in its body
    "DELETE api/v1/files/uploads/<uuid:pk>": (401, 404, 404, 404, 204),
    "POST api/v1/files/uploads/<uuid:pk>/complete": (401, 404, 404, 404, 410),  # it isn't in the bucket
    "POST api/v1/auth/register": (201, 201, 201, 201, 201),
    "POST api/v1/auth/verify-email": EVERYBODY,
    "GET api/v1/auth/verify-email/<str:token>": EVERYBODY,
    "POST api/v1/auth/resend-verification": (204, 204, 204, 204, 204),
    "POST api/v1/auth/forgot-password": (204, 204, 204, 204, 204),
    "POST api/v1/auth/reset-password": (204, 204, 204, 204, 204),
    "POST api/v1/auth/change-password": (401, 204, 204, 204, 204),
    "POST api/v1/auth/login": EVERYBODY,
    "POST api/v1/auth/refresh": EVERYBODY,
    "POST api/v1/auth/logout": (401, 204, 204, 204, 204),
    "POST api/v1/auth/logout-all": (401, 204, 204, 204, 204),
    "GET api/v1/auth/mfa": SIGNED_IN,
    "POST api/v1/auth/mfa/totp": SIGNED_IN,
    "PUT api/v1/auth/mfa/totp": SIGNED_IN,
    "DELETE api/v1/auth/mfa/totp": (401, 204, 204, 204, 204),
    "POST api/v1/auth/mfa/recovery-codes": (401, 409, 409, 409, 201),  # the owner has a passkey
    "GET api/v1/auth/mfa/passkeys": SIGNED_IN,
    "POST api/v1/auth/mfa/passkeys": SIGNED_IN,
    "GET api/v1/auth/mfa/passkeys/<uuid:pk>": (401, 404, 404, 404, 200),
    "PUT api/v1/auth/mfa/passkeys/<uuid:pk>": (401, 404, 404, 404, 200),
    "PATCH api/v1/auth/mfa/passkeys/<uuid:pk>": (401, 404, 404, 404, 200),
    "DELETE api/v1/auth/mfa/passkeys/<uuid:pk>": (401, 404, 404, 404, 204),
    "POST api/v1/auth/mfa/challenge": EVERYBODY,
    "POST api/v1/auth/passkeys/login": EVERYBODY,
    "POST api/v1/auth/step-up": SIGNED_IN,
    "POST api/v1/auth/change-email": (401, 204, 204, 204, 204),
    "POST api/v1/auth/change-email/confirm": EVERYBODY,
    "POST api/v1/auth/ws-ticket": (401, 201, 201, 201, 201),
    "GET api/v1/auth/sessions": SIGNED_IN,
    "GET api/v1/sync": SIGNED_IN,
    "GET api/asyncapi": EVERYBODY,
    "GET metrics": EVERYBODY,  # of this machine, in development
    "DELETE api/v1/auth/sessions/<uuid:pk>": (401, 404, 404, 404, 204),
    "GET api/v1/auth/api-keys": SIGNED_IN,
    "POST api/v1/auth/api-keys": (401, 201, 201, 201, 201),
    "DELETE api/v1/auth/api-keys/<uuid:pk>": (401, 404, 404, 404, 204),
    "POST api/v1/auth/api-keys/<uuid:pk>/rotate": (401, 404, 404, 404, 200),
    "GET api/v1/auth/social": EVERYBODY,
    "POST api/v1/auth/social/<str:provider>": EVERYBODY,
    "DELETE api/v1/auth/social/<str:provider>": (401, 204, 204, 204, 204),
    "POST api/v1/auth/telegram": EVERYBODY,
    "GET api/v1/users/me/telegram": (401, 404, 404, 404, 200),
    "POST api/v1/users/me/telegram": (401, 409, 409, 409, 200),  # that Telegram account is the owner's
    "DELETE api/v1/users/me/telegram": (401, 204, 204, 204, 204),
    "GET api/v1/users/me": SIGNED_IN,
    "PUT api/v1/users/me": SIGNED_IN,
    "PATCH api/v1/users/me": SIGNED_IN,
    "GET api/v1/users/me/history": SIGNED_IN,
    "POST api/v1/users/me/switch-role": SIGNED_IN,  # to `member`, which everybody holds
    "GET api/v1/users/me/activity": SIGNED_IN,
    "GET api/v1/users/me/blocks": SIGNED_IN,
    "POST api/v1/users/me/blocks": (401, 201, 201, 201, 200),
    "GET api/v1/users/me/blocks/<uuid:user>": (401, 404, 404, 404, 200),
    "DELETE api/v1/users/me/blocks/<uuid:user>": (401, 404, 404, 404, 204),
    "GET api/v1/users/me/settings": SIGNED_IN,
    "PUT api/v1/users/me/settings": SIGNED_IN,
    "PATCH api/v1/users/me/settings": SIGNED_IN,
    "GET api/v1/users/me/social-links": SIGNED_IN,
    "PUT api/v1/users/me/social-links": SIGNED_IN,
    "GET api/v1/users/me/stats": SIGNED_IN,
    "GET api/v1/users": SIGNED_IN,
    "GET api/v1/users/<uuid:pk>": SIGNED_IN,
    "GET api/v1/users/<uuid:pk>/portfolio": (404, 200, 200, 200, 200),  # public if they allow it
    "GET api/v1/users/<uuid:pk>/report": (401, 404, 404, 404, 200),
    "POST api/v1/users/<uuid:pk>/report": (401, 201, 201, 201, 200),
    "PUT api/v1/users/me/avatar": SIGNED_IN,
    "POST api/v1/users/me/avatar": SIGNED_IN,
    "DELETE api/v1/users/me/avatar": (401, 204, 204, 204, 204),
    "DELETE api/v1/users/me": (401, 202, 202, 202, 202),
    "GET api/v1/users/me/export": (401, 404, 404, 404, 200),
    "POST api/v1/users/me/export": (401, 202, 202, 202, 202),
    "GET api/v1/users/me/export/download": (401, 404, 404, 404, 409),  # not made yet
    "GET api/v1/users/me/erasure": (401, 404, 404, 404, 200),
    "POST api/v1/users/me/erasure": (401, 202, 202, 202, 202),
    "DELETE api/v1/users/me/erasure": (401, 204, 204, 204, 204),
    "GET api/v1/chats": SIGNED_IN,
    "POST api/v1/chats": (401, 201, 201, 201, 201),
    "GET api/v1/chats/<uuid:pk>": IN_THE_CHAT,
    "PUT api/v1/chats/<uuid:pk>": (401, 404, 403, 200, 200),
    "PATCH api/v1/chats/<uuid:pk>": (401, 404, 403, 200, 200),
    "DELETE api/v1/chats/<uuid:pk>": (401, 404, 204, 204, 204),
    "GET api/v1/chats/<uuid:chat>/messages": IN_THE_CHAT,
    "POST api/v1/chats/<uuid:chat>/messages": (401, 404, 201, 201, 201),
    "GET api/v1/chats/<uuid:chat>/unread": IN_THE_CHAT,
    "POST api/v1/chats/<uuid:chat>/typing": (401, 404, 204, 204, 204),
    "GET api/v1/chats/<uuid:chat>/files": IN_THE_CHAT,
    "POST api/v1/chats/<uuid:chat>/files": (401, 404, 201, 201, 201),
    "POST api/v1/chats/<uuid:chat>/read": IN_THE_CHAT,
    "GET api/v1/chats/<uuid:chat>/participants": IN_THE_CHAT,
    "POST api/v1/chats/<uuid:chat>/participants": (401, 404, 403, 201, 201),
    "GET api/v1/chats/<uuid:chat>/participants/<uuid:user>": IN_THE_CHAT,
    "PUT api/v1/chats/<uuid:chat>/participants/<uuid:user>": (401, 404, 403, 403, 200),
    "PATCH api/v1/chats/<uuid:chat>/participants/<uuid:user>": (401, 404, 403, 403, 200),
    "DELETE api/v1/chats/<uuid:chat>/participants/<uuid:user>": (401, 404, 403, 204, 204),
    "GET api/v1/presence": SIGNED_IN,
    "PUT api/v1/presence": SIGNED_IN,
    "GET api/v1/contacts": SIGNED_IN,
    "POST api/v1/contacts": (401, 201, 201, 201, 200),
    "GET api/v1/contacts/<uuid:pk>": (401, 404, 404, 404, 200),
    "PUT api/v1/contacts/<uuid:pk>": (401, 404, 404, 404, 200),
    "PATCH api/v1/contacts/<uuid:pk>": (401, 404, 404, 404, 200),
    "DELETE api/v1/contacts/<uuid:pk>": (401, 404, 404, 404, 204),
    "POST api/v1/contacts/<uuid:pk>/block": (401, 404, 404, 404, 200),
    "DELETE api/v1/contacts/<uuid:pk>/block": (401, 404, 404, 404, 204),
    "GET api/v1/chats/<uuid:chat>/permissions": IN_THE_CHAT,
    "GET api/v1/chats/folders": SIGNED_IN,
    "POST api/v1/chats/folders": (401, 201, 201, 201, 201),
    "GET api/v1/chats/folders/<uuid:pk>": (401, 404, 404, 404, 200),
    "PUT api/v1/chats/folders/<uuid:pk>": (401, 404, 404, 404, 200),
    "PATCH api/v1/chats/folders/<uuid:pk>": (401, 404, 404, 404, 200),
    "DELETE api/v1/chats/folders/<uuid:pk>": (401, 404, 404, 404, 204),
    "GET api/v1/chats/<uuid:chat>/preferences": IN_THE_CHAT,
    "PUT api/v1/chats/<uuid:chat>/preferences": IN_THE_CHAT,
    "PATCH api/v1/chats/<uuid:chat>/preferences": IN_THE_CHAT,
    "POST api/v1/chats/<uuid:chat>/archive": IN_THE_CHAT,
    "DELETE api/v1/chats/<uuid:chat>/archive": (401, 404, 204, 204, 204),
    "PUT api/v1/chats/<uuid:chat>/avatar": (401, 404, 403, 200, 200),
    "DELETE api/v1/chats/<uuid:chat>/avatar": (401, 404, 403, 204, 204),
    "POST api/v1/chats/<uuid:chat>/accept": IN_THE_CHAT,
    "POST api/v1/chats/<uuid:chat>/mute": IN_THE_CHAT,
    "DELETE api/v1/chats/<uuid:chat>/mute": (401, 404, 204, 204, 204),
    "POST api/v1/chats/<uuid:chat>/unread": IN_THE_CHAT,
    "GET api/v1/chats/<uuid:chat>/invitations": (401, 404, 403, 200, 200),
    "POST api/v1/chats/<uuid:chat>/invitations": (401, 404, 403, 201, 201),
    "DELETE api/v1/chats/<uuid:chat>/invitations/<uuid:pk>": (401, 404, 403, 204, 204),
    "GET api/v1/chats/<uuid:chat>/join-requests": (401, 404, 403, 200, 200),
    "POST api/v1/chats/<uuid:chat>/join-requests/<uuid:user>/approve": (401, 404, 403, 204, 204),
    "POST api/v1/chats/<uuid:chat>/join-requests/<uuid:user>/reject": (401, 404, 403, 204, 204),
    "GET api/v1/invitations": SIGNED_IN,
    "GET api/v1/invitations/<str:token>": SIGNED_IN,
    "POST api/v1/invitations/<str:token>/accept": SIGNED_IN,
    "POST api/v1/invitations/<str:token>/decline": (401, 204, 204, 204, 204),
    "GET api/v1/chats/<uuid:chat>/pins": IN_THE_CHAT,
    "POST api/v1/chats/<uuid:chat>/pins": (401, 404, 403, 200, 200),  # it is pinned
    "DELETE api/v1/chats/<uuid:chat>/pins/<uuid:message>": (401, 404, 403, 204, 204),
    "GET api/v1/messages": (401, 400, 200, 200, 200),  # the chat is a field here
    "POST api/v1/messages": (401, 400, 201, 201, 201),
    "GET api/v1/messages/<uuid:pk>": IN_THE_CHAT,
    "PUT api/v1/messages/<uuid:pk>": (401, 404, 403, 403, 200),  # the owner's
    "PATCH api/v1/messages/<uuid:pk>": (401, 404, 403, 403, 200),
    "DELETE api/v1/messages/<uuid:pk>": (401, 404, 403, 403, 204),
    "GET api/v1/messages/<uuid:pk>/history": IN_THE_CHAT,
    "GET api/v1/messages/<uuid:pk>/thread": IN_THE_CHAT,
    "POST api/v1/messages/<uuid:pk>/thread/read": IN_THE_CHAT,
    "PUT api/v1/messages/<uuid:pk>/thread/follow": IN_THE_CHAT,
    "DELETE api/v1/messages/<uuid:pk>/thread/follow": (401, 404, 204, 204, 204),
    "GET api/v1/chats/<uuid:chat>/threads": IN_THE_CHAT,
    "POST api/v1/outbox": SIGNED_IN,  # each of it is refused by itself
    "GET api/v1/files": SIGNED_IN,
    "POST api/v1/files/upload": (401, 201, 201, 201, 201),
    "POST api/v1/files/images": (401, 201, 201, 201, 201),
    "POST api/v1/files/images/batch": (401, 201, 201, 201, 201),
    "GET api/v1/files/<uuid:pk>": (401, 404, 404, 404, 200),
    "DELETE api/v1/files/<uuid:pk>": (401, 404, 404, 404, 204),
    "GET api/v1/files/<uuid:pk>/content": (401, 404, 404, 404, 200),
    "GET api/v1/files/<uuid:pk>/thumbnail": (401, 404, 404, 404, 404),  # of a text
    "POST api/v1/messages/<uuid:pk>/forward": (401, 404, 201, 201, 201),
    "GET api/v1/messages/<uuid:pk>/reactions": IN_THE_CHAT,
    "POST api/v1/messages/<uuid:pk>/reactions": (401, 404, 201, 201, 200),  # the owner has reacted
    "DELETE api/v1/messages/<uuid:pk>/reactions/<str:reaction>": (401, 404, 404, 404, 204),
    "GET api/v1/chats/<uuid:chat>/drafts": IN_THE_CHAT,
    "PUT api/v1/chats/<uuid:chat>/drafts": IN_THE_CHAT,
    "DELETE api/v1/chats/<uuid:chat>/drafts": (401, 404, 400, 400, 400),  # the version is in the query
    "DELETE api/v1/chats/<uuid:chat>/drafts/<uuid:copy>": (401, 404, 404, 404, 204),
    "GET api/v1/chats/<uuid:chat>/scheduled": IN_THE_CHAT,
    "POST api/v1/chats/<uuid:chat>/scheduled": (401, 404, 201, 201, 201),
    "GET api/v1/chats/<uuid:chat>/scheduled/<uuid:pk>": (401, 404, 404, 404, 200),
    "PUT api/v1/chats/<uuid:chat>/scheduled/<uuid:pk>": (401, 404, 404, 404, 200),
    "PATCH api/v1/chats/<uuid:chat>/scheduled/<uuid:pk>": (401, 404, 404, 404, 200),
    "DELETE api/v1/chats/<uuid:chat>/scheduled/<uuid:pk>": (401, 404, 404, 404, 204),
    "PUT api/v1/messages/<uuid:pk>/status": IN_THE_CHAT,
    "GET api/v1/messages/<uuid:pk>/receipts": IN_THE_CHAT,
    "GET api/v1/chats/<uuid:chat>/search": IN_THE_CHAT,
    "GET api/v1/search/messages": SIGNED_IN,
    "GET api/v1/search/chats": SIGNED_IN,
    "GET api/v1/search/users": SIGNED_IN,
    "GET api/v1/search/suggestions": SIGNED_IN,
    "GET api/v1/messages/<uuid:pk>/notification-trace": IN_THE_CHAT,
    "GET api/v1/notifications": SIGNED_IN,
    "GET api/v1/notifications/all": SIGNED_IN,
    "GET api/v1/notifications/unread-count": SIGNED_IN,
    "PUT api/v1/notifications/read-all": SIGNED_IN,
    "POST api/v1/notifications/bulk-action": SIGNED_IN,
    "GET api/v1/notifications/preferences": SIGNED_IN,
    "PUT api/v1/notifications/preferences": SIGNED_IN,
    "PATCH api/v1/notifications/preferences": SIGNED_IN,
    "GET api/v1/notifications/deliveries": SIGNED_IN,
    "GET api/v1/notifications/<uuid:pk>": THE_OWNERS,
    "DELETE api/v1/notifications/<uuid:pk>": (401, 404, 404, 404, 204),
    "PUT api/v1/notifications/<uuid:pk>/read": THE_OWNERS,
    "DELETE api/v1/notifications/<uuid:pk>/read": THE_OWNERS,
    "POST api/v1/notifications/<uuid:pk>/archive": THE_OWNERS,
    "DELETE api/v1/notifications/<uuid:pk>/archive": THE_OWNERS,
    "POST api/v1/notifications/<uuid:pk>/snooze": THE_OWNERS,
    "DELETE api/v1/notifications/<uuid:pk>/snooze": THE_OWNERS,
    "GET api/v1/notifications/<uuid:pk>/trace": THE_OWNERS,
    "GET api/v1/notifications/devices": SIGNED_IN,
    "POST api/v1/notifications/devices": (401, 201, 201, 201, 201),
    "GET api/v1/notifications/devices/keys": SIGNED_IN,
    "GET api/v1/notifications/devices/<uuid:pk>": THE_OWNERS,
    "PUT api/v1/notifications/devices/<uuid:pk>": THE_OWNERS,
    "PATCH api/v1/notifications/devices/<uuid:pk>": THE_OWNERS,
    "DELETE api/v1/notifications/devices/<uuid:pk>": (401, 404, 404, 404, 204),
    "GET api/v1/legal/documents": EVERYBODY,
    "GET api/v1/legal/documents/<uuid:pk>": EVERYBODY,
    "GET api/v1/legal/documents/<uuid:pk>/versions": EVERYBODY,
    "GET api/v1/legal/terms": EVERYBODY,
    "GET api/v1/legal/privacy": EVERYBODY,
    "POST api/v1/legal/accept-terms": SIGNED_IN,
    "GET api/v1/legal/acceptances": SIGNED_IN,
    "GET api/v1/users/me/consents": SIGNED_IN,
    "PUT api/v1/users/me/consents": SIGNED_IN,
    "PATCH api/v1/users/me/consents": SIGNED_IN,
    "GET api/v1/limits": EVERYBODY,
    "GET api/health": EVERYBODY,
    "GET api/health/live": EVERYBODY,
    "GET api/health/ready": EVERYBODY,
    "GET api/schema": EVERYBODY,
    "GET api/docs": EVERYBODY,
    "GET api/docs/problems": EVERYBODY,
    "GET api/redoc": EVERYBODY,
    "GET ": (302, 302, 302, 302, 302),  # to the documents
    "GET admin": (302, 302, 302, 302, 302),  # to its slash; what is behind is the console's own tests'
    "GET change-email/<str:token>": EVERYBODY,  # these five: the question; the rest is their own tests'
    "GET reset-password/<str:token>": EVERYBODY,
    "GET let-me-in/<str:token>": EVERYBODY,
    "GET not-me/<str:token>": EVERYBODY,
    "GET unsubscribe/<str:token>": EVERYBODY,
    "GET dev/sign-in": EVERYBODY,  # absent in production
    "GET legal/<str:kind>": EVERYBODY,
    "GET ^media/(?P<name>[a-z]+/[0-9a-f]{32}(?:-[0-9]+)?\\.webp)\\Z": EVERYBODY,  # whoever knows its name
    "GET dev/outbox": EVERYBODY,  # absent in production
    "GET dev/outbox/": EVERYBODY,
    "GET dev/pushes": EVERYBODY,  # absent in production
    "GET dev/pushes/": EVERYBODY,
}
ROOMS = ("messaging", "files", "legal", "accounts", "common")
FORMS = {
    "api/v1/users/me/avatar",
    "api/v1/chats/<uuid:chat>/avatar",
    "api/v1/chats/<uuid:chat>/files",
    "api/v1/files/upload",
    "api/v1/files/images",
    "api/v1/files/images/batch",
}  # what comes as a form, not as JSON
TUS = {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Offset": "0"}
ROOMS = ("messaging", "notifications", "legal", "accounts", "common")
DOCUMENTS = {
    "api/schema",
    "api/docs",
    "api/docs/problems",
    "api/redoc",
    "api/asyncapi",
}  # the same for everybody, and cheap


# --- What there is ------------------------------------------------------------------------------------------


def routes(patterns: list[Any] | None = None, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every path of the product but the console's and the static files'."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        path = before + str(each.pattern)
        if not isinstance(each, URLResolver):
            yield path, each
        elif path != "admin/":
            yield from routes(each.url_patterns, path)


def view_of(route: URLPattern) -> type | None:
    return getattr(route.callback, "cls", None) or getattr(route.callback, "view_class", None)


def methods_of(path: str, route: URLPattern) -> set[str]:
    """What a route takes, beside HEAD."""
    view, actions = view_of(route), getattr(route.callback, "actions", None)
    if view is None or not path.startswith("api/"):
        return {"GET"}  # a plain page
    names = {name.upper() for name in actions or view.http_method_names if actions or hasattr(view, name)}
    return names - ({"HEAD"} if issubclass(view, Counted) else {"HEAD", "OPTIONS"})


def test_every_route_has_a_row_and_every_row_a_route():
    operations = {f"{method} {path}" for path, route in routes() for method in methods_of(path, route)}

    assert operations == set(TABLE)


def test_every_view_of_the_api_counts_its_requests():
    uncounted = {
        path
        for path, route in routes()
        if path.startswith("api/") and not (view_of(route) and issubclass(view_of(route), Counted))
    }

    assert uncounted == DOCUMENTS


def test_every_view_that_takes_a_token_counts_who_is_signed_in():
    uncounted = {
        path
        for path, route in routes()
        if (view := view_of(route)) and issubclass(view, Counted) and view.authentication_classes
        if UserLimit not in view.throttle_classes
    }

    assert uncounted == {"api/v1/limits"}  # which says how much is left


def test_every_scope_that_a_view_names_is_one_a_key_can_have():
    named = {getattr(view_of(route), "scope", None) for _, route in routes()} - {None}

    assert named == set(areas)


# --- Who gets what ------------------------------------------------------------------------------------------


def tomorrow() -> datetime:
    return timezone.now() + timedelta(days=1)


@dataclass
class World:
    people: dict[str, User]
    chat: Chat
    message: Message
    contact: Contact
    scheduled: ScheduledMessage  # by the owner
    copy: DraftCopy  # beside a draft of the owner's
    folder: Folder
    invitation: Invitation  # by link; the newcomer came by it and waits
    session: Session
    api_key: ApiKey
    file: File  # the owner's
    document: Text
    newcomer: User  # active, in no chat
    waiting: User  # address not verified yet
    refresh: str
    reset: str  # the token of a mailed link
    passkey: Passkey
    address: str  # the token of the link to another address
    challenge: str  # of a sign-in that a recovery code finishes
    upload: Upload  # under way
    webhook: Webhook  # the owner's, as what was sent there
    delivery: Delivery
    push_device: PushDevice  # the owner's
    notification: Notification  # the owner's

    def client(self, who: str) -> APIClient:
        client = APIClient()
        if who != "stranger":
            session = self.session if who == "owner" else SessionFactory(user=self.people[who])
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {make_access(session)}")
        return client

    def path(self, route: str) -> str:
        if route.startswith("^media"):
            return f"/media/{avatar_name(self.people['second'].avatar, 64)}"
        pk = {
            "api/v1/auth/api-keys": self.api_key,
            "api/v1/auth/mfa/passkeys": self.passkey,
            "api/v1/auth/sessions": self.session,
            "api/v1/chats/<uuid:chat>/scheduled": self.scheduled,
            "api/v1/chats/folders": self.folder,
            "api/v1/chats/<uuid:chat>/invitations": self.invitation,
            "api/v1/chats": self.chat,
            "api/v1/contacts": self.contact,
            "api/v1/files/uploads": self.upload,
            "api/v1/files": self.file,
            "api/v1/legal/documents": self.document,
            "api/v1/messages": self.message,
            "api/v1/notifications/devices": self.push_device,
            "api/v1/notifications": self.notification,
            "api/v1/users": self.people["second"],
            "api/v1/webhooks/<uuid:webhook>/deliveries": self.delivery,
            "api/v1/webhooks": self.webhook,
        }
        values = {
            "<uuid:pk>": next((row.pk for start, row in pk.items() if route.startswith(start)), ""),
            "<uuid:chat>": self.chat.pk,
            "<uuid:copy>": self.copy.pk,
            "<uuid:webhook>": self.webhook.pk,
            "<uuid:user>": self.newcomer.pk if "join-requests" in route else self.people["second"].pk,
            "<str:token>": self.invitation.token
            if "invitations" in route
            else make_unsubscribing(user=self.waiting.pk, kind="*")
            if "unsubscribe" in route
            else make_verification(self.waiting),
            "<uuid:message>": self.message.pk,
            "<str:provider>": "local",
            "<str:kind>": "terms",
            "<str:reaction>": "👍",
        }
        for place, value in values.items():
            route = route.replace(place, str(value))
        return f"/{route}"

    def body(self, operation: str) -> Any:
        role = {"role": "admin"}
        title = {"title": "Petra, January"}
        return {
            "POST api/v1/chats/<uuid:chat>/files": {"file": upload()},
            "POST api/v1/files/upload": {"file": upload()},
            "POST api/v1/files/images": {"file": upload()},
            "POST api/v1/files/images/batch": {"files": [upload()]},
            "POST api/v1/auth/register": {
                "email": "new@example.com",
                "password": PASSWORD,
                "username": "new",
            },
            "POST api/v1/auth/verify-email": {"token": make_verification(self.waiting)},
            "POST api/v1/auth/resend-verification": {"email": self.waiting.email},
            "POST api/v1/auth/forgot-password": {"email": self.newcomer.email},
            "POST api/v1/auth/reset-password": {"token": self.reset, "password": "nine foxes at noon"},
            "POST api/v1/auth/change-password": {
                "current_password": PASSWORD,
                "password": "nine foxes at noon",
            },
            "POST api/v1/auth/login": {"email": self.newcomer.email, "password": PASSWORD},
            "POST api/v1/auth/refresh": {"refresh": self.refresh},
            "POST api/v1/auth/api-keys": {"name": "Backup", "scopes": ["chats:read"]},
            "POST api/v1/auth/social/<str:provider>": {"redirect_uri": "http://localhost:9000/back"},
            "POST api/v1/auth/telegram": {"init_data": init_data(telegram=700, query_id=uuid4().hex)},
            "POST api/v1/users/me/telegram": {"init_data": init_data(telegram=500, query_id=uuid4().hex)},
            "POST api/v1/legal/accept-terms": {"version": "1"},
            "PUT api/v1/users/me/consents": {"marketing": True},
            "PATCH api/v1/users/me/consents": {"marketing": False},
            "PUT api/v1/auth/mfa/totp": {"code": totp_of(SECRET)},
            "PUT api/v1/auth/mfa/passkeys/<uuid:pk>": {"name": "Blue key"},
            "PATCH api/v1/auth/mfa/passkeys/<uuid:pk>": {"name": "Blue key"},
            "POST api/v1/auth/mfa/challenge": {
                "challenge": self.challenge,
                "method": "recovery_code",
                "code": RECOVERY_CODE,
            },
            "POST api/v1/auth/change-email": {"email": "new@example.com"},
            "POST api/v1/auth/change-email/confirm": {"token": self.address},
            "PUT api/v1/users/me": {"status_text": "On the road"},
            "PATCH api/v1/users/me": {"status_text": "On the road"},
            "POST api/v1/users/me/switch-role": {"role": "member"},
            "POST api/v1/users/me/blocks": {"user": str(self.people["second"].pk)},
            "PUT api/v1/users/me/settings": {"privacy": {"read_receipts": False}},
            "PATCH api/v1/users/me/settings": {"privacy": {"read_receipts": False}},
            "PUT api/v1/users/me/social-links": {"links": [{"network": "x", "url": "https://x.com/layla"}]},
            "GET api/v1/users": {"q": "second"},
            "POST api/v1/users/<uuid:pk>/report": {"reason": "spam"},
            "POST api/v1/notifications/bulk-action": {"action": "read", "all": True},
            "PUT api/v1/notifications/preferences": {"digest": "daily"},
            "PATCH api/v1/notifications/preferences": {"digest": "daily"},
            "POST api/v1/notifications/<uuid:pk>/snooze": {"until": tomorrow().isoformat()},
            "POST api/v1/notifications/devices": {"provider": "fcm", "token": f"an-app-{uuid4()}"},
            "PUT api/v1/notifications/devices/<uuid:pk>": {"name": "Phone"},
            "PATCH api/v1/notifications/devices/<uuid:pk>": {"name": "Phone"},
            "PUT api/v1/chats/<uuid:chat>/avatar": {"file": upload()},
            "PUT api/v1/users/me/avatar": {"file": upload()},
            "POST api/v1/users/me/avatar": {"file": upload()},
            "DELETE api/v1/users/me": {"password": PASSWORD},
            "POST api/v1/users/me/erasure": {"password": PASSWORD},
            "POST api/v1/chats": title | {"type": "group"},
            "PUT api/v1/chats/<uuid:pk>": title,
            "PATCH api/v1/chats/<uuid:pk>": title,
            "POST api/v1/chats/<uuid:chat>/messages": {"text": "Hello"},
            "POST api/v1/chats/<uuid:chat>/pins": {"message": str(self.message.pk)},
            "POST api/v1/chats/<uuid:chat>/read": {"seq": 1},
            "POST api/v1/chats/<uuid:chat>/typing": {"state": "start"},
            "POST api/v1/chats/<uuid:chat>/participants": {"user": str(self.newcomer.pk)},
            "PUT api/v1/chats/<uuid:chat>/participants/<uuid:user>": role,
            "PATCH api/v1/chats/<uuid:chat>/participants/<uuid:user>": role,
            "PUT api/v1/presence": {"status": "busy"},
            "POST api/v1/contacts": {"user": str(self.people["second"].pk)},
            "PUT api/v1/contacts/<uuid:pk>": {"alias": "Second"},
            "PATCH api/v1/contacts/<uuid:pk>": {"alias": "Second"},
            "POST api/v1/chats/folders": {"title": "Trips"},
            "PUT api/v1/chats/folders/<uuid:pk>": {"title": "Journeys"},
            "PATCH api/v1/chats/folders/<uuid:pk>": {"chats": []},
            "PUT api/v1/chats/<uuid:chat>/preferences": {"archived": True},
            "PATCH api/v1/chats/<uuid:chat>/preferences": {"favourite": 1},
            "PUT api/v1/messages/<uuid:pk>/status": {"status": "read"},
            "GET api/v1/chats/<uuid:chat>/search": {"q": "dawn"},
            "GET api/v1/search/messages": {"q": "dawn"},
            "GET api/v1/search/chats": {"q": "rum"},
            "GET api/v1/search/users": {"q": "second"},
            "GET api/v1/search/suggestions": {"q": "second"},
            "GET api/v1/messages": {"chat": str(self.chat.pk)},
            "POST api/v1/messages/<uuid:pk>/forward": {"chats": [str(self.chat.pk)]},
            "POST api/v1/messages/<uuid:pk>/reactions": {"emoji": "👍"},
            "PUT api/v1/messages/<uuid:pk>": {"text": "We leave at noon."},
            "PATCH api/v1/messages/<uuid:pk>": {"text": "We leave at noon."},
            "POST api/v1/messages/<uuid:pk>/thread/read": {"seq": 1},
            "POST api/v1/chats/<uuid:chat>/scheduled": {
                "text": "Happy birthday!",
                "scheduled_for": tomorrow().isoformat(),
            },
            "PUT api/v1/chats/<uuid:chat>/scheduled/<uuid:pk>": {"text": "Many happy returns!"},
            "PATCH api/v1/chats/<uuid:chat>/scheduled/<uuid:pk>": {"silent": True},
            "PUT api/v1/chats/<uuid:chat>/drafts": {"text": "We leave", "version": 0},
            "POST api/v1/webhooks": {"url": "https://hooks.example.com/serai", "types": ["message.*"]},
            "PUT api/v1/webhooks/<uuid:pk>": {"description": "For the archive"},
            "PATCH api/v1/webhooks/<uuid:pk>": {"state": "paused"},
            "POST api/v1/outbox": [{"chat": str(self.chat.pk), "text": "Hello", "client_id": uuid4().hex}],
            "POST api/v1/messages": {"chat": str(self.chat.pk), "text": "Hello"},
        }.get(operation)


@pytest.fixture
def world(settings: Any, tmp_path: Any) -> Iterator[World]:
    settings.MAIL_DIR = tmp_path
    settings.TELEGRAM_BOT_TOKEN = BOT_TOKEN
    settings.MEDIA_ROOT = tmp_path / "media"
    with time_machine.travel(timezone.now(), tick=False):  # else a code may end meanwhile
        people = {name: UserFactory(username=name) for name in (*WHO[1:], "second")}
        chat = group_of(people["owner"], people["member"], people["admin"], people["second"])
        Participant.objects.filter(user=people["admin"]).update(role=Participant.Role.ADMIN)
        message, _ = send_message(actor=people["owner"], chat=chat, text="We leave at dawn.")
        add_reaction(actor=people["owner"], message=message, emoji="👍")
        save_draft(actor=people["owner"], chat=chat, text="We leave", version=0)
        with suppress(DraftConflict):
            save_draft(actor=people["owner"], chat=chat, text="We stay", version=0)
        pin_message(actor=people["owner"], message=message)
        for user in people.values():
            AuthenticatorAppFactory(user=user, confirmed_at=None)
        newcomer = UserFactory(username="newcomer")
        careful = UserFactory(username="careful")  # has a second factor
        PasskeyFactory(user=careful)
        RecoveryCodeFactory(user=careful)
        change = make_code(user=newcomer, purpose=MailedCode.Purpose.CHANGE_EMAIL, email="newer@example.com")
        LinkedIdentityFactory(user=people["owner"], provider="telegram", subject="500")
        published("1", kind="privacy")
        people["second"] = set_avatar(user=people["second"], file=upload())
        block_user(actor=people["owner"], user=people["second"])
        report_user(actor=people["owner"], user=people["second"], reason="spam")
        request_export(user=people["owner"])
        order_erasure(actor=newcomer, user=people["owner"])
        invitation, _ = create_invitation(actor=people["owner"], chat=chat, approval=True)
        accept_invitation(actor=newcomer, invitation=invitation)
        webhook = webhook_of(people["owner"])
        yield World(
            people=people,
            chat=chat,
            message=message,
            contact=add_contact(actor=people["owner"], user=people["second"])[0],
            copy=DraftCopy.objects.get(),
            scheduled=schedule_message(
                actor=people["owner"], chat=chat, scheduled_for=tomorrow(), text="Happy birthday!"
            )[0],
            invitation=invitation,
            folder=create_folder(actor=people["owner"], title="Trips", chats=[chat]),
            session=SessionFactory(user=people["owner"]),
            api_key=ApiKeyFactory(user=people["owner"]),
            file=file_of(people["owner"]),
            document=published("1").texts.get(),
            newcomer=newcomer,
            waiting=UserFactory(username="waiting", email_verified_at=None),
            refresh=sign_in(email=newcomer.email, password=PASSWORD).refresh,
            reset=make_code(user=newcomer, purpose=MailedCode.Purpose.RESET_PASSWORD).token,
            passkey=PasskeyFactory(user=people["owner"]),
            address=change.token,
            challenge=sign_in(email=careful.email, password=PASSWORD, address="127.0.0.1").challenge,
            upload=begin_upload(owner=people["owner"], size=10),
            webhook=webhook,
            delivery=send_test(webhook=webhook),
            push_device=PushDeviceFactory(user=people["owner"]),
            notification=NotificationFactory(
                user=people["owner"], kind="role_granted", data={"role": "creator"}
            ),
        )


def everything() -> list[list[dict[str, Any]]]:
    """All that a request could change."""
    ours = [model for room in ROOMS for model in apps.get_app_config(room).get_models()]
    return [list(model._default_manager.order_by("pk").values()) for model in ours]


@contextmanager
def taken_back() -> Iterator[None]:
    """What happens here did not: the next one finds the world as it was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("operation", TABLE)
def test_who_gets_what(operation, world):
    method, _, route = operation.partition(" ")
    statuses = []

    for who in WHO:
        with taken_back():
            client, before = world.client(who), everything()
            sent = {"format": "multipart"} if route in FORMS else {}
            sent |= {"headers": TUS} if route.startswith("api/v1/files/uploads") else {}
            response = getattr(client, method.lower())(world.path(route), world.body(operation), **sent)
            statuses.append(response.status_code)
            list(response)  # a file is closed when it is sent
            if response.status_code >= 400:
                assert response.headers["Content-Type"] == "application/problem+json"
                assert everything() == before
            if response.status_code == 403:
                assert response.json()["denied_by"]["role"] == who

    assert tuple(statuses) == TABLE[operation]


PATHS = sorted({operation.partition(" ")[2] for operation in TABLE})


@pytest.mark.parametrize(
    "path", [path for path in PATHS if path.startswith("api/") and path not in DOCUMENTS]
)
def test_what_a_route_does_not_take_it_says(path, world):
    client = world.client("owner")
    taken = {operation.partition(" ")[0] for operation in TABLE if operation.partition(" ")[2] == path}

    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - taken:
        response = getattr(client, method.lower())(world.path(path))

        assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
        assert set(response.headers["Allow"].split(", ")) - {"HEAD"} == taken
