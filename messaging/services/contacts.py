"""Whom people know."""

from django.db import transaction

from accounts.models import User
from common.events import emit
from common.problems import Invalid, NotFound
from messaging.events import ContactAdded, ContactRemoved, ContactUpdated
from messaging.models import Contact
from messaging.problems import ContactsFull


@transaction.atomic
def add_contact(*, actor: User, user: User, alias: str = "") -> tuple[Contact, bool]:
    """Have *actor* know *user*, who is not told.

    Args:
        alias: what they call them; the other's own name is shown if empty.

    Returns:
        The contact, and whether it is new: whom they know already keeps the alias they have.

    Raises:
        Invalid: oneself.
        ContactsFull

    Emits `ContactAdded` to the actor.
    """
    if user == actor:
        raise Invalid.field("user", "oneself", "Nobody is their own contact.")
    # One at a time, by the row of whose contacts they are: else two would both find room for the last.
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    if contact := Contact.objects.filter(owner=actor, user=user).first():
        return contact, False
    if Contact.objects.filter(owner=actor).count() >= Contact.LIMIT:
        raise ContactsFull(limit=Contact.LIMIT)
    contact = Contact.objects.create(owner=actor, user=user, alias=alias)
    emit(ContactAdded(contact=contact.pk, user=user.pk), audience=[actor.pk])
    return contact, True


@transaction.atomic
def update_contact(*, actor: User, contact: Contact, alias: str) -> Contact:
    """Call a contact something else.

    Raises:
        NotFound: it is not the actor's, or not any more.

    Emits `ContactUpdated` to the actor, if anything changed.
    """
    row = Contact.objects.select_for_update().filter(pk=contact.pk, owner=actor).first()
    if row is None:
        raise NotFound
    if row.alias != alias:
        row.alias = alias
        row.save(update_fields=["alias"])
        emit(ContactUpdated(contact=row.pk, user=row.user_id), audience=[actor.pk])
    return row


@transaction.atomic
def remove_contact(*, actor: User, contact: Contact) -> bool:
    """Have *actor* no longer know somebody. False if they did not.

    Emits `ContactRemoved` to the actor.
    """
    if not Contact.objects.filter(pk=contact.pk, owner=actor).delete()[0]:
        return False
    emit(ContactRemoved(contact=contact.pk, user=contact.user_id), audience=[actor.pk])
    return True
