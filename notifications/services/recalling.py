"""Whom an entry of the log concerns, asked again: when it is sent, or because somebody wants to know."""

from uuid import UUID

from common.models import LogEntry
from notifications.kinds import Call, callers
from notifications.models import Notification
from notifications.reasons import Reason


def call_again(row: Notification) -> Call:
    """The call that *row* came of, as it would be now; if the log remembers it no more, as it was."""
    topic, _, seq = row.source.rpartition(" ")
    entry = LogEntry.objects.filter(topic=topic, seq=seq).first()
    same = Call(kind=row.kind, user=row.user_id, data=row.data, topic=row.topic, seq=row.seq)
    if entry is None:
        return same
    found = calls_for(entry, row.user_id)
    # What was deleted calls nobody by name any more: then what it is now says why.
    fitting = [call for call in found if call.kind == row.kind] or [call for call in found if call.refusal]
    return fitting[0] if fitting else _nobody(entry, row.user_id, row.kind)


def calls_for(entry: LogEntry, user: UUID) -> list[Call]:
    """What *entry* would be told to *user* as, now; with reasons where it is not for them."""
    found = [call for caller in callers.get(entry.type, ()) for call in caller([entry], user)[0]]
    return [call for call in found if call.user == user]


def _nobody(entry: LogEntry, user: UUID, kind: str) -> Call:
    return Call(kind=kind, user=user, data=entry.data, topic=entry.topic, refusal=Reason.NOT_IN_AUDIENCE)
