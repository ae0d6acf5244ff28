"""Django's own tables."""

from typing import Final

from django.contrib.admin.models import LogEntry as AdminNote
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session as CookieSession
from django.db.models import Q, QuerySet

from accounts.models import User
from common.holdings import BLANK, Erase, Field, Holding, Keep, Subject

STAFF_ACTED: Final = Keep("What staff did stays on record; it says so of nobody any more.")


def cookie_sessions_of(who: Subject) -> QuerySet[CookieSession]:
    """Staff sign in to the console by cookie: who once was of them may have some left. There are few."""
    theirs = [
        row.pk
        for row in CookieSession.objects.iterator()
        if row.get_decoded().get("_auth_user_id") == str(who.id)
    ]
    return CookieSession.objects.filter(pk__in=theirs)


def notes_about(who: Subject) -> QuerySet[AdminNote]:
    """Notes of the console name the row that they are about: the person, or a mail to them."""
    user = ContentType.objects.get_for_model(User)
    about = Q(content_type=user, object_id=str(who.id))
    return AdminNote.objects.filter(
        about | Q(object_repr__icontains=who.email) | Q(object_repr__contains=f"@{who.username}")
    )


HOLDINGS: Final = [
    Holding(
        model=CookieSession,
        whose=cookie_sessions_of,
        purpose="Staff stay signed in to the console.",
        retention="two weeks",
        erase=Erase.DELETE_ROW,
        fields={
            "session_key": Field("Names the cookie."),
            "session_data": Field("Who it is: an id."),
            "expire_date": Field("When it ends."),
        },
    ),
    Holding(
        model=AdminNote,
        whose=notes_about,
        purpose="What staff did in the console.",
        retention="as long as the database",
        erase=Erase.BY_FIELD,
        fields={
            "id": Field("Names the note.", None, STAFF_ACTED),
            "action_time": Field("When.", None, STAFF_ACTED),
            "user": Field("Who of the staff.", None, STAFF_ACTED),
            "content_type": Field("To what.", None, STAFF_ACTED),
            "object_id": Field("To what: an id.", None, STAFF_ACTED),
            "object_repr": Field("To what, in words.", None, BLANK),
            "action_flag": Field("What was done.", None, STAFF_ACTED),
            "change_message": Field("What was done: names of actions and fields.", None, STAFF_ACTED),
        },
    ),
    Holding(
        model=Group,
        purpose="What staff may do, by what they are there for.",
        retention="until staff delete it",
        fields={
            "id": Field("Names the group."),
            "name": Field("What it is for."),
            "permissions": Field("What its members may do."),
        },
    ),
    Holding(
        model=Permission,
        purpose="What can be allowed.",
        retention="as long as the code has it",
        fields={
            "id": Field("Names the permission."),
            "name": Field("In words."),
            "content_type": Field("Of which model."),
            "codename": Field("For programs."),
        },
    ),
    Holding(
        model=ContentType,
        purpose="Which models there are.",
        retention="as long as the code has it",
        fields={
            "id": Field("Names the model."),
            "app_label": Field("Of which app."),
            "model": Field("Which one."),
        },
    ),
]
