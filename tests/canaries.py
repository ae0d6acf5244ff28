"""Canaries: words that occur nowhere else, planted in every text that is held about a person.

The map of holdings says where: a model that it gains is planted too. What can't be made from the model alone
says how in `MORE`.
"""

import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.contrib.admin.models import LogEntry as AdminNote
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session as CookieSession
from django.core.files.base import ContentFile
from django.db import connection, models
from django.db.models.functions import Cast
from django.utils import timezone

from accounts.models import AuditEntry, Block, Erasure, MailedCode, Report, User
from accounts.tests.factories import SessionFactory
from common import holdings
from common.fields import EncryptedTextField
from common.holdings import Holding, fields_of
from common.models import DeadLetter, Job, LogEntry, Mail
from files.models import File, FileScan, Upload, UploadPiece
from legal.models import Acceptance, Document, Version
from messaging.models import Chat, Contact, Message, MessageFile, Revision
from notifications.models import PushDevice, Webhook, WebhookEvent

TEXTS = (models.CharField, models.TextField, models.JSONField, models.FileField)


def canary(column: models.Field) -> str:
    """A word of the column's length: eight letters at least, so that it occurs nowhere by chance."""
    return f"q{secrets.token_hex(3 if (column.max_length or 99) < 16 else 6)}z"


def cookie_of(user: User) -> dict[str, Any]:
    return {
        "session_data": SessionStore().encode({"_auth_user_id": str(user.pk)}),
        "expire_date": timezone.now() + timedelta(days=14),
    }


def draft() -> Version:
    document, _ = Document.objects.get_or_create(kind=Document.Kind.TERMS)
    return Version.objects.create(document=document, label=secrets.token_hex(4))


def place_of(user: User) -> dict[str, Any]:
    message = Message.objects.filter(author=user).earliest("id")  # the proof has written before
    return {"message": message, "chat": message.chat}


# What a row of the model needs beside what its columns say by themselves.
MORE: dict[type[models.Model], Callable[[User, User], dict[str, Any]]] = {
    AdminNote: lambda user, other: {
        "content_type": ContentType.objects.get_for_model(User),
        "object_id": str(user.pk),
        "user": other,
        "action_flag": 2,
    },
    AuditEntry: lambda user, other: {"subject": user.pk, "actor": user.pk, "place": 10**9},  # sealed long ago
    Acceptance: lambda user, other: {"version": draft()},
    Block: lambda user, other: {"blocker": user, "blocked": other},
    Chat: lambda user, other: {"type": "group", "participant_count": 2},
    Contact: lambda user, other: {"owner": user, "user": other},
    CookieSession: lambda user, other: cookie_of(user),
    DeadLetter: lambda user, other: {"topic": f"user:{user.pk}"},
    Erasure: lambda user, other: {"cancelled_at": timezone.now()},
    FileScan: lambda user, other: {"file": File.objects.get(owner=user)},
    Job: lambda user, other: {"state": "done", "progress": 100},
    LogEntry: lambda user, other: {"topic": f"user:{user.pk}", "seq": 10**6},
    Mail: lambda user, other: {"to": user.email, "sent_at": timezone.now()},
    MailedCode: lambda user, other: {"closed_at": timezone.now()},
    Message: lambda user, other: {"chat": Chat.objects.filter(created_by=user).first()},
    Revision: lambda user, other: {"message": user.messages.first()},
    MessageFile: lambda user, other: {"file": File.objects.get(owner=user)} | place_of(user),
    PushDevice: lambda user, other: {"session": SessionFactory(user=user), "gone_at": timezone.now()},
    Report: lambda user, other: {"reporter": user, "subject": other},
    Webhook: lambda user, other: {"paused_reason": ""},
    WebhookEvent: lambda user, other: {"webhook": user.webhooks.first()},
    UploadPiece: lambda user, other: {"upload": Upload.objects.get(owner=user)},
}
# What others stand in or belong to.
FIRST = (Chat, Message, File, Upload, Webhook)
# Texts that aren't free: what is found by them, and what the database itself holds to a shape.
FIXED = {
    "accounts.user.email",  # a canary of its own: `plant` makes it
    "admin.logentry.object_id",
    "common.deadletter.topic",
    "common.logentry.topic",
    "common.mail.to",
    "messaging.chat.private_key",  # of two ids, and of private chats alone
    "sessions.session.session_data",
}


def plant(user: User, other: User) -> dict[str, str]:
    """A canary in every text that is held about *user*: where (`app.model.field`) by canary."""
    planted: dict[str, str] = {}
    word = canary(User._meta.get_field("username"))
    User.objects.filter(pk=user.pk).update(email=f"{word}@example.com")
    planted[word] = "accounts.user.email"
    user.refresh_from_db()
    places = {model: place for place, model in enumerate(FIRST)}
    for holding in sorted(theirs(), key=lambda each: places.get(each.model, len(FIRST))):
        texts = {}
        for name, column in fields_of(holding.model).items():
            if _is_free(holding, column):
                word = canary(column)
                planted[word] = f"{holding.label}.{name}"
                texts[name] = _value(column, word)
        if holding.model is User:
            User.objects.filter(pk=user.pk).update(**texts)
            row: models.Model = User.objects.get(pk=user.pk)
        else:
            row = _make(holding, user, other, texts)
        for _, storage, name in holdings.files_of(holding, row):
            if not storage.exists(name):
                storage.save(name, ContentFile(name.encode()))
        assert holding.rows(user.as_subject()).filter(pk=row.pk).exists(), f"{holding.label}: say how in MORE"
    return planted


def as_stored(planted: dict[str, str], user: User) -> dict[str, str]:
    """*planted* as a dump of the database shows it: of what is encrypted, what became of the canary."""
    stored = {}
    for word, where in planted.items():
        [holding] = [each for each in theirs() if each.label == where.rpartition(".")[0]]
        name = where.rpartition(".")[2]
        if isinstance(fields_of(holding.model)[name], EncryptedTextField):
            rows = holding.rows(user.as_subject()).annotate(stored=Cast(name, models.TextField()))
            word = rows.values_list("stored", flat=True).get()
        stored[word] = where
    return stored


def theirs() -> list[Holding]:
    return [holding for holding in holdings.holdings() if holding.whose]


def _is_free(holding: Holding, column: Any) -> bool:
    if column.primary_key or column.choices or f"{holding.label}.{column.name}" in FIXED:
        return False
    return isinstance(column, TEXTS) and not isinstance(column, models.GenericIPAddressField)


def _value(column: models.Field, word: str) -> Any:
    match column:
        case models.JSONField():
            return {"note": word}
        case models.FileField():
            return ContentFile(word.encode(), name=f"{word}.txt")
        case _:
            return word


def _make(holding: Holding, user: User, other: User, texts: dict[str, Any]) -> models.Model:
    """A row of *user*'s with *texts*, and as little else in it as its columns allow."""
    whose = holding.whose
    owners = {whose} if isinstance(whose, str) else set(whose) if isinstance(whose, tuple) else set()
    given = MORE.get(holding.model, lambda user, other: {})(user, other) | texts
    for name, column in fields_of(holding.model).items():
        if name in given or column.many_to_many or isinstance(column, models.AutoField):
            continue
        if name in owners:
            given[column.attname] = user.pk
        elif column.has_default() or column.null or getattr(column, "auto_now_add", False):
            continue
        else:
            given[name] = _least(column, user, other)
    if holding.model._meta.pk.name in owners:  # one row a person, perhaps there already
        return holding.model._base_manager.get_or_create(pk=user.pk, defaults=given)[0]
    return holding.model._base_manager.create(**given)


def _least(column: Any, user: User, other: User) -> Any:
    if column.is_relation:
        return other if column.related_model is User else column.related_model._base_manager.first()
    if column.choices:
        return column.choices[0][0]
    match column:
        case models.DateTimeField():
            return timezone.now()
        case models.UUIDField():
            return user.pk
        case models.IntegerField() | models.BooleanField():
            return 1
        case models.BinaryField():
            return secrets.token_bytes(16)
        case _:
            return secrets.token_hex(min(column.max_length or 32, 32) // 2)


# --- Looking for them ---------------------------------------------------------------------------------------


def rows_of_the_database() -> Iterator[tuple[str, str]]:
    """Every row of every table as text, as it is stored; and what is encrypted there as it is read."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                yield table, repr(row)
    for holding in holdings.holdings():
        secret = [c.name for c in fields_of(holding.model).values() if isinstance(c, EncryptedTextField)]
        for row in holding.model._base_manager.values_list(*secret) if secret else ():
            yield holding.label, repr(row)


def files_below(*folders: Path) -> Iterator[tuple[str, str]]:
    for folder in folders:
        for path in folder.rglob("*"):
            yield str(path), path.name
            if path.is_file():
                yield str(path), path.read_bytes().decode("latin1")


def found(words: Any, texts: Iterator[tuple[str, str]]) -> dict[str, str]:
    """Which of *words* occur, and where."""
    return {word: where for where, text in texts for word in words if word in text}
