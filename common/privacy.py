"""What the platform itself holds about people: mails, streams, kept answers, jobs."""

from typing import Final

from django.db.models import QuerySet

from .events import topic_of_user
from .holdings import Erase, Field, Holding, Part, Place, Subject
from .jobs.services import discard_job
from .mail.outbox import forget_mails
from .models import (
    DeadLetter,
    Job,
    KeptAnswer,
    LogEntry,
    LogEpoch,
    LooseFile,
    Mail,
    RelayCursor,
    Usage,
    UserPosition,
)


def stream_of(who: Subject) -> QuerySet[LogEntry]:
    return LogEntry.objects.filter(topic=topic_of_user(who.id))


def dead_letters_of(who: Subject) -> QuerySet[DeadLetter]:
    return DeadLetter.objects.filter(topic=topic_of_user(who.id))


def mails_to(who: Subject) -> QuerySet[Mail]:
    return Mail.objects.filter(to=who.email)


HOLDINGS: Final = [
    Holding(
        model=Mail,
        whose=mails_to,
        purpose="A mail that was promised is sent, once, and staff can see whether it was.",
        retention="as long as the account",
        erase=Erase.DELETE_ROW,
        export="mails",
        fields={
            "id": Field("Names the mail.", "id"),
            "to": Field("Where it goes.", "to"),
            "template": Field("What it says.", "template"),
            "language": Field("In which language.", "language"),
            "context": Field("Names and links that it needs; emptied once it is sent."),
            "queued_at": Field("When it was promised.", "queued_at"),
            "tried_at": Field("When to try again."),
            "sent_at": Field("Whether it was sent.", "sent_at"),
            "attempts": Field("When to give up."),
            "error": Field("Why it could not be sent."),
            "is_last": Field("Whether its row goes once it is sent: the address is forgotten."),
        },
    ),
    Holding(
        model=LogEntry,
        whose=stream_of,
        purpose="Devices get what they missed (the person's own stream; chats have theirs, of ids alone).",
        retention="7 days",
        erase=Erase.DELETE_ROW,
        fields={
            "id": Field("Names the entry."),
            "topic": Field("Whose stream."),
            "seq": Field("The order."),
            "type": Field("What happened."),
            "data": Field("To what: ids and marks, no content."),
            "at": Field("When."),
        },
    ),
    Holding(
        model=DeadLetter,
        whose=dead_letters_of,
        purpose="What a consumer of the log failed at is not lost.",
        retention="until it is taken",
        erase=Erase.DELETE_ROW,
        fields={
            "id": Field("Names the letter."),
            "consumer": Field("Who failed."),
            "entry": Field("Where it stands in the log."),
            "topic": Field("Whose stream."),
            "seq": Field("The order."),
            "type": Field("What happened."),
            "data": Field("To what: ids and marks, no content."),
            "at": Field("When."),
            "attempts": Field("How often it was tried."),
            "error": Field("What went wrong."),
            "failed_at": Field("When it was last tried."),
            "due_at": Field("When it is tried next."),
        },
    ),
    Holding(
        model=RelayCursor,
        purpose="How far the consumers of the log have come.",
        retention="as long as the database",
        fields={"consumer": Field("Which."), "upto": Field("How far.")},
    ),
    Holding(
        model=UserPosition,
        whose="user",
        purpose="Counts the person's own stream.",
        retention="as long as the account",
        erase=Erase.DELETE_ROW,
        fields={"user": Field("Whose stream."), "seq": Field("How far it has come.")},
    ),
    Holding(
        model=LogEpoch,
        purpose="Tells a restored log from the one before.",
        retention="as long as the database",
        fields={"id": Field("There is one."), "value": Field("The log's name.")},
    ),
    Holding(
        model=KeptAnswer,
        whose="user",
        purpose="A request that is sent again under its Idempotency-Key is answered, not done again.",
        retention="24 hours",
        erase=Erase.DELETE_ROW,
        fields={
            "slot": Field("Finds the answer: a hash of caller, operation and key."),
            "fingerprint": Field("Whether the same was sent: a keyed hash."),
            "user": Field("Whose answer it is."),
            "holder": Field("Which process runs it."),
            "at": Field("When it goes."),
            "status": Field("The answer."),
            "body": Field("The answer."),
            "content_type": Field("The answer."),
            "headers": Field("The answer."),
        },
    ),
    Holding(
        model=LooseFile,
        purpose="A file that no row names, such as a picture that was replaced, is deleted.",
        retention="an hour, or until the storage deletes it",
        fields={
            "name": Field("Which file: a random key."),
            "storage": Field("Where it is."),
            "due_at": Field("When it is deleted."),
        },
    ),
    Holding(
        model=Usage,
        purpose="Operators see which clients still call what, by old paths too. Counts, of no person.",
        retention="400 days",
        fields={
            "id": Field("Names the row."),
            "day": Field("When."),
            "method": Field("What was called."),
            "route": Field("What was called: the pattern of the path."),
            "version": Field("In which version."),
            "is_unversioned": Field("Whether the path named one."),
            "alias": Field("By which old path."),
            "client": Field("The client's name and version, as its User-Agent begins; browsers by name."),
            "outcome": Field("What came of it."),
            "count": Field("How often."),
        },
    ),
    Holding(
        model=Job,
        whose="user",
        purpose="Long work that the person asked for, such as an export: how far it is, what came of it.",
        retention="30 days after its end",
        erase=Erase.DELETE_ROW,
        export="jobs",
        fields={
            "id": Field("Names the job.", "id"),
            "kind": Field("What is done.", "kind"),
            "key": Field("To what; one at a time."),
            "user": Field("Who is told of it."),
            "given": Field("What the work needs: ids."),
            "state": Field("Whether it is done.", "state"),
            "progress": Field("How far it is.", "progress"),
            "result": Field("What came of it."),
            "error": Field("Why it failed: a code.", "error"),
            "holder": Field("Which worker has it."),
            "alive_at": Field("Whether that one still lives."),
            "attempts": Field("When to give up."),
            "created_at": Field("When it was asked for.", "created_at"),
            "started_at": Field("When it began.", "started_at"),
            "ended_at": Field("When it ended.", "ended_at"),
            "expires_at": Field("When its result goes.", "expires_at"),
        },
    ),
]

PLACES: Final = [
    Place(
        name="outbox",
        purpose="The post of the embedded default: mails as files, seen at /dev/outbox.",
        retention="until they are deleted",
        becomes="The person's mails are deleted; the receipt is delivered there last.",
        erase=forget_mails,
    ),
    Place(
        name="cache",
        purpose="Counts of limits, tickets for sockets.",
        retention="a day at most",
        becomes="Stands under keyed or unkeyed hashes and ids, without content; goes by itself.",
    ),
    Place(
        name="task queue",
        purpose="Work for other processes: ids, and for a forgotten password the address.",
        retention="until a worker has taken it, seconds",
        becomes="Is empty of the person long before the 14 days are over.",
    ),
    Place(
        name="logs",
        purpose="What happened to a request: user and session ids, network addresses.",
        retention="as the operator's log store keeps them",
        becomes="Holds ids, which name nobody any more, and addresses until that store drops them.",
    ),
    Place(
        name="backups",
        purpose="The database after a disaster.",
        retention="as the operator keeps them",
        becomes="After a restore, `manage.py erasure replay` erases again what was erased since.",
    ),
]


def discard_jobs(who: Subject) -> dict[str, int]:
    """Their jobs with what belongs to them: the archive of an export."""
    jobs = list(Job.objects.filter(user=who.id))
    for job in jobs:
        discard_job(job=job)
    return {Job._meta.label_lower: len(jobs)}


PART: Final = Part(app="common", holdings=HOLDINGS, places=PLACES, before=discard_jobs)
