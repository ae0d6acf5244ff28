"""Search over chats: only those that the reader is in."""

from django.db.models import Exists, Func, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Concat

from accounts.models import User
from messaging.models import Chat, Participant

from .queries import Query, Term


def find_chats(chats: QuerySet[Chat], *, reader: User, query: Query) -> QuerySet[Chat]:
    """Those of *chats* in which each term stands: in the title, in the description, or in the username or
    display name of somebody in it who is not *reader*.
    """
    if not query.terms:
        return chats.none()
    said = Func(
        Concat("title", Value(" "), "description"), function="messaging_words", output_field=TextField()
    )
    found = chats.alias(said=said)
    for term in query.terms:
        found = found.filter(Q(said__contains=term.pattern) | _has_somebody_called(term, reader))
    return found


def _has_somebody_called(term: Term, reader: User) -> Q:
    if len(term.typed) < 2:  # a letter is in everybody's name
        return Q(pk__in=[])
    name = Q(user__display_name__icontains=term.typed) | Q(
        user__username__icontains=term.typed.removeprefix("@")
    )
    others = Participant.objects.present().filter(chat=OuterRef("pk")).exclude(user=reader)
    return Q(Exists(others.filter(name)))
