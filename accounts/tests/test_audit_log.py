"""The audit log is written once, and whoever changes it later is found."""

import json
from datetime import timedelta
from io import StringIO

import pytest
import structlog
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts import chain
from accounts.models import AuditCheck, AuditEntry, AuditHead, WrittenOnce
from accounts.services import (
    audit,
    check_log,
    checking,
    note_check,
    read_anchor,
    seal_entries,
    sealing,
)
from accounts.services.checking import Anchor
from accounts.services.erasing import erase_batch
from accounts.services.sealing import ChainBroken
from accounts.tasks import check_audit_log, ring_for_sealing, seal_audit_log
from accounts.tests.factories import UserFactory
from accounts.tests.tampering import change, faults, move_head, sealed, take_out, unguarded, write
from common import holdings
from common.ids import first_id_at, uuid7
from common.tests.threads import at_once

pytestmark = pytest.mark.django_db


def run_sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


# --- written once -------------------------------------------------------------------------------------------
def test_an_entry_is_neither_changed_nor_deleted(layla):
    (entry,) = sealed(1, actor=layla)

    for forbidden in (
        entry.save,
        entry.delete,
        lambda: AuditEntry.objects.update(verb="user.registered"),
        lambda: AuditEntry.objects.filter(pk=entry.pk).delete(),
        lambda: AuditEntry.objects.bulk_update([entry], ["verb"]),
        lambda: AuditEntry.objects.update_or_create({"verb": "user.registered"}, pk=entry.pk),
    ):
        with pytest.raises(WrittenOnce):
            forbidden()

    assert AuditEntry.objects.get().actor == layla.pk
    assert faults() == []


@pytest.mark.parametrize("is_sealed", [True, False])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditentry SET verb = 'user.registered'",
        "UPDATE accounts_auditentry SET details = '{\"a\": 1}'",
        "UPDATE accounts_auditentry SET at = '2020-01-01 00:00:00'",
        "UPDATE accounts_auditentry SET actor = NULL",
        "UPDATE accounts_auditentry SET address = '192.0.2.8'",
        "UPDATE accounts_auditentry SET mac = ''",
        "DELETE FROM accounts_auditentry",
    ],
)
def test_the_database_refuses_it_too(statement, is_sealed, layla):
    write(actor=layla)
    if is_sealed:
        seal_entries()
    before = list(AuditEntry.objects.values())

    with pytest.raises(IntegrityError, match="written once"), transaction.atomic():
        run_sql(statement)

    assert list(AuditEntry.objects.values()) == before


@pytest.mark.parametrize("column", ["place = 7", "place = NULL", "hash = 'f00d'"])
def test_a_place_is_given_once(column):
    sealed(1)

    with pytest.raises(IntegrityError, match="written once"), transaction.atomic():
        run_sql(f"UPDATE accounts_auditentry SET {column}")

    assert faults() == []


@pytest.mark.parametrize("details", [{"share": 0.5}, {"raw": b"x"}, {"who": object()}])
def test_details_are_ids_and_words(details):
    with pytest.raises(TypeError, match="ids and words"):
        write(details=details)

    assert not AuditEntry.objects.exists()


def test_details_are_kept_as_any_database_gives_them_back():
    id_, at = uuid7(), timezone.now()
    (entry,) = sealed(
        1,
        details={
            "id": id_,
            "at": at,
            "fields": {"b", "a"},
            "n": 7,
            "yes": True,
            "none": None,
            "in": {"x": (1,)},
        },
    )

    assert entry.details == {
        "id": str(id_),
        "at": at.isoformat(),
        "fields": ["a", "b"],
        "n": 7,
        "yes": True,
        "none": None,
        "in": {"x": [1]},
    }
    assert faults() == []


def test_a_verb_without_words_is_not_recorded():
    with pytest.raises(LookupError, match="verbs.py"):
        write(verb="user.vanished")

    assert not AuditEntry.objects.exists()


# --- sealing ------------------------------------------------------------------------------------------------
def test_entries_get_their_places_in_the_order_of_ids():
    first, second = write(2)

    assert (seal_entries(), seal_entries()) == (2, 0)

    assert list(AuditEntry.objects.order_by("place").values_list("pk", "place")) == [
        (first.pk, 1),
        (second.pk, 2),
    ]
    assert read_anchor() == Anchor(2, AuditEntry.objects.get(place=2).hash)
    assert faults() == []


def test_one_whose_transaction_took_longer_is_sealed_later():
    sealed(2)
    late = AuditEntry(
        id=first_id_at(timezone.now() - timedelta(minutes=5)),
        category=AuditEntry.Category.USER,
        verb="role.switched",
    )
    chain.sign(late)
    late.save(force_insert=True)

    seal_entries()

    assert AuditEntry.objects.get(pk=late.pk).place == 3
    assert faults() == []


def test_a_long_queue_is_sealed_in_portions_and_read_in_portions(monkeypatch):
    monkeypatch.setattr(sealing, "PORTION", 2)
    monkeypatch.setattr(checking, "READ_AT_ONCE", 2)
    write(7)
    told = []

    assert seal_entries() == 7
    report = check_log(progress=lambda done, of: told.append((done, of)))

    assert (report.faults, report.head.place, report.waiting) == ([], 7, 0)
    assert told == [(2, 7), (4, 7), (6, 7)]


def test_a_run_has_an_end(monkeypatch):
    monkeypatch.setattr(sealing, "PORTION", 2)
    monkeypatch.setattr(sealing, "MOST_PORTIONS", 2)
    write(7)

    assert [seal_entries(), seal_entries(), seal_entries()] == [4, 3, 0]


@pytest.mark.django_db(transaction=True)
def test_an_entry_is_sealed_soon_after_its_commit(monkeypatch):
    monkeypatch.setattr("accounts.tasks.cache.add", lambda *args, **more: True)  # nobody has rung lately

    write()

    assert AuditEntry.objects.get().place == 1


@pytest.mark.django_db(transaction=True)
def test_what_a_dead_process_left_is_sealed_later(monkeypatch):
    def dies() -> None:
        raise RuntimeError("killed before the bell")

    monkeypatch.setattr(audit, "bells", [dies])
    write(2)
    left = list(AuditEntry.objects.values_list("place", flat=True))

    seal_audit_log()

    assert left == [None, None]
    assert sorted(AuditEntry.objects.values_list("place", flat=True)) == [1, 2]
    assert faults() == []


def test_many_entries_ring_once(monkeypatch):
    rung = []
    monkeypatch.setattr(seal_audit_log, "apply_async", lambda **more: rung.append(more))
    cache.delete("audit-bell")

    for _ in range(5):
        ring_for_sealing()

    assert rung == [{"countdown": 1}]


def test_a_rolled_back_act_leaves_no_entry():
    with transaction.atomic():
        write()
        transaction.set_rollback(True)

    assert not AuditEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_who_write_and_two_who_seal_at_once_make_one_chain():
    def work(number: int) -> None:
        for _ in range(10):
            if number < 8:
                write()
            else:
                seal_entries()

    at_once(10, work)
    seal_entries()

    assert sorted(AuditEntry.objects.values_list("place", flat=True)) == list(range(1, 81))
    report = check_log()
    assert (report.faults, report.head.place, report.waiting) == ([], 80, 0)


# --- tampering ----------------------------------------------------------------------------------------------
def other(value: object) -> object:
    """Something else of the same kind."""
    match value:
        case None:
            return uuid7()
        case str():
            return ("x" if value[:1] != "x" else "y") + value[1:]
        case dict():
            return value | {"role": "staff"}
        case int():
            return value + 100
    return uuid7() if not hasattr(value, "isoformat") else value + timedelta(microseconds=1)


@pytest.mark.parametrize(
    "column",
    [
        "id",
        "at",
        "category",
        "verb",
        "actor",
        "subject",
        "target_type",
        "target",
        "details",
        "request_id",
        "session",
        "address_mac",
        "mac",
        "place",
        "hash",
    ],
)
@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_change_of_any_column_is_found_at_its_place(which, column, layla, monkeypatch):
    entry = sealed(3, actor=layla, subject=layla, target=layla, details={"role": "creator"})[which]
    assert faults() == []

    change(entry, **{column: other(getattr(entry, column))})

    assert any(f"Place {entry.place}" in fault or "Places" in fault for fault in faults())


def test_another_address_is_found_and_a_forgotten_one_is_none(layla):
    with structlog.contextvars.bound_contextvars(address="2001:db8::7"):
        first, second = sealed(2, actor=layla)
    (third,) = sealed(1, subject=layla)
    (fourth,) = sealed(1)

    [audited] = [each for each in holdings.holdings() if each.model is AuditEntry]
    dealt, _ = erase_batch(audited, layla.as_subject())
    forgotten = faults()
    change(third, address="192.0.2.9")
    change(fourth, address="192.0.2.9")

    assert (dealt, forgotten) == (3, [])
    assert [AuditEntry.objects.get(pk=each.pk).address for each in (first, second)] == [None, None]
    assert faults() == [
        f"Place 3 (entry {third.pk}) has another address than it was written with.",
        f"Place 4 (entry {fourth.pk}) has another address than it was written with.",
    ]


def test_an_address_that_is_changed_is_found(layla):
    with structlog.contextvars.bound_contextvars(address="192.0.2.7"):
        (entry,) = sealed(1, actor=layla)

    change(entry, address="192.0.2.8")

    assert faults() == [f"Place 1 (entry {entry.pk}) has another address than it was written with."]


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ([1], "Place 1 is missing."),
        ([2], "Place 2 is missing."),
        ([2, 3], "Places 2 to 3 are missing."),
        ([4], "Place 4 is missing."),
        ([3, 4], "Places 3 to 4 are missing."),
        ([1, 2, 3, 4], "Places 1 to 4 are missing."),
    ],
)
def test_what_is_taken_out_is_missed(out, said):
    entries = sealed(4)

    take_out(*(entries[place - 1] for place in out))

    assert faults() == [said]


def test_a_gap_that_is_closed_is_found():
    first, second, third = sealed(3)

    take_out(second)
    change(third, place=2)

    assert faults() == [
        f"Place 2 (entry {third.pk}) does not follow the one before: one of them was changed or moved.",
        "Place 3 is missing.",
    ]


def test_two_that_change_places_are_found():
    first, second, third = sealed(3)

    change(first, place=99)
    change(second, place=1)
    change(first, place=2)

    assert [fault.split(" (")[0] for fault in faults()] == ["Place 1", "Place 2", "Place 3"]


def test_one_that_was_put_in_is_found():
    sealed(2)
    forged = AuditEntry(category="admin", verb="role.granted", mac="0" * 64)
    forged.save(force_insert=True)
    seal_entries()

    assert faults() == [f"Place 3 (entry {forged.pk}) was changed, or not written by this server."]


def make_anew() -> None:
    """Every hash and the head, as somebody would who knows this code."""
    hash_, place = "", 0
    with unguarded():
        for entry in AuditEntry.objects.order_by("place"):
            place += 1
            entry.place = place
            AuditEntry.objects.filter(pk=entry.pk)._write(place=1000 + place)
            hash_ = chain.link(hash_, entry)
            AuditEntry.objects.filter(pk=entry.pk)._write(place=place, hash=hash_)
    head = AuditHead.objects.get()
    head.place, head.hash = place, hash_
    chain.sign_head(head)
    head.save()


def test_a_chain_made_anew_without_the_key_is_found(settings):
    first, second, third = sealed(3)
    take_out(second)
    ours, settings.AUDIT_KEYS = settings.AUDIT_KEYS, ["somebody else's key, of many characters"]

    make_anew()

    settings.AUDIT_KEYS = ours
    assert faults() == ["The head, at place 2, was not made by this server."]
    with pytest.raises(ChainBroken, match="not ours"):
        seal_entries()


def test_entries_signed_anew_without_the_key_are_found(settings):
    first, second = sealed(2)
    ours, settings.AUDIT_KEYS = settings.AUDIT_KEYS, ["somebody else's key, of many characters"]
    second.verb = "user.registered"
    chain.sign(second)

    change(second, verb=second.verb, mac=second.mac)
    make_anew()

    settings.AUDIT_KEYS = ours
    assert faults() == [
        "The head, at place 2, was not made by this server.",
        f"Place 2 (entry {second.pk}) was changed, or not written by this server.",
    ]


def test_a_chain_made_anew_with_the_key_is_found_by_an_anchor():
    first, second, third = sealed(3)
    anchor = read_anchor()
    take_out(second)

    make_anew()

    assert faults() == []
    assert check_log(anchors=[anchor]).faults == ["The anchor knows of place 3, and there is no such entry."]
    sealed(1)
    assert check_log(anchors=[anchor]).faults == [
        "Place 3 has another hash than its anchor: the chain was made anew."
    ]


def test_a_head_that_is_set_back_with_its_tail_is_found_by_an_anchor():
    sealed(1)
    earlier = AuditHead.objects.values("place", "hash", "mac").get()
    (second,) = sealed(1)
    anchor = read_anchor()

    take_out(second)
    move_head(**earlier)

    assert faults() == []
    assert check_log(anchors=[Anchor(1, earlier["hash"]), anchor]).faults == [
        "The anchor knows of place 2, and there is no such entry."
    ]


def test_a_head_that_is_set_back_alone_is_found_and_nothing_is_sealed_over_it():
    sealed(1)
    earlier = AuditHead.objects.values("place", "hash", "mac").get()
    sealed(2)
    move_head(**earlier)
    write()

    with pytest.raises(ChainBroken, match="after the head"):
        seal_entries()

    assert faults() == ["Places 2 to 3 are sealed, and the head knows nothing of them."]


def test_a_head_that_is_gone_is_found():
    sealed(2)
    AuditHead.objects.all().delete()

    assert faults() == [
        "Places 1 to 2 are sealed, and the head knows nothing of them.",
        "The head, at place 0, was not made by this server.",
    ]


def test_what_waits_for_too_long_is_told(time_machine):
    time_machine.move_to("2026-06-15T12:00:00Z", tick=False)
    write(2)
    time_machine.shift(60)
    in_time = faults()
    time_machine.shift(1)

    assert in_time == []
    assert faults() == ["2 entries wait for longer than a minute to be sealed."]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL holds nothing of the kind")
@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("details", "{", "was changed, or not written by this server."),
        ("id", "no id", "can't be read."),
        ("at", "no time", "holds what no entry can hold."),
        ("address", "no address", "holds what no entry can hold."),
    ],
)
def test_a_column_that_can_not_be_read_does_not_stop_the_reading(column, value, said):
    first, second, third, fourth = sealed(4)

    with unguarded(), connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        cursor.execute(f"UPDATE accounts_auditentry SET {column} = %s WHERE place = 2", [value])
        cursor.execute("PRAGMA ignore_check_constraints = OFF")
    change(fourth, verb="user.registered")

    found = faults()
    assert found[0].startswith("Place 2 ")
    assert found[0].endswith(said)
    assert found[-2].startswith("Place 4 ")


def test_of_a_thousand_faults_the_first_are_told():
    entries = sealed(40)
    for entry in entries:
        change(entry, verb="user.registered")

    found = faults()

    assert len(found) == 21
    assert found[-1] == "Not read on after place 10."


FLIPPED = ["at", "category", "verb", "actor", "target", "details", "request_id", "mac", "hash"]
tamperings = st.one_of(
    st.tuples(
        st.just("flip"),
        st.integers(0, 5),
        st.sampled_from(
            ["at", "category", "verb", "actor", "target", "details", "request_id", "mac", "hash"]
        ),
        st.integers(0, 63),
    ),
    st.tuples(st.just("delete"), st.sets(st.integers(0, 5), min_size=1)),
    st.tuples(st.just("swap"), st.integers(0, 5), st.integers(0, 5)).filter(lambda it: it[1] != it[2]),
)


@hypothesis_settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(tamperings, st.booleans())
def test_no_flip_no_deletion_and_no_swap_goes_unfound(tampering, hashes_too):
    with transaction.atomic():
        someone = UserFactory()
        entries = sealed(6, actor=someone, target=someone, details={"role": "creator"})
        whole = faults()

        match tampering:
            case ("flip", which, column, at):
                change(entries[which], **{column: flipped(getattr(entries[which], column), at)})
            case ("delete", which):
                take_out(*(entries[number] for number in which))
            case ("swap", one, two):
                one, two = entries[one], entries[two]
                change(one, place=99)
                change(two, place=one.place, **({"hash": one.hash} if hashes_too else {}))
                change(one, place=two.place, **({"hash": two.hash} if hashes_too else {}))

        assert whole == []
        assert faults() != []
        transaction.set_rollback(True)


def flipped(value: object, at: int) -> object:
    """One character, digit or microsecond of it is another."""
    match value:
        case str():
            at %= max(len(value), 1)
            return value[:at] + ("x" if value[at : at + 1] != "x" else "y") + value[at + 1 :]
        case dict():
            return json.loads(json.dumps(value).replace("creator", flipped("creator", at)))
    return other(value)


# --- keys ---------------------------------------------------------------------------------------------------
def test_a_new_key_signs_and_the_older_one_still_verifies(settings):
    old, new = settings.AUDIT_KEYS[0], "a new key, which has many characters"
    sealed(1)

    settings.AUDIT_KEYS = [new, old]
    sealed(1)
    with_both = faults()
    settings.AUDIT_KEYS = [new]
    with_the_new = faults()

    first = AuditEntry.objects.get(place=1)
    assert with_both == []
    assert with_the_new == [f"Place 1 (entry {first.pk}) was changed, or not written by this server."]


# --- for operators ------------------------------------------------------------------------------------------
def run(*words: str) -> str:
    out = StringIO()
    call_command("audit", *words, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_command_says_that_a_log_is_whole():
    sealed(2)
    write()
    anchor = str(read_anchor())

    assert run("anchor") == f"{anchor}\n"
    assert run("verify", "--anchor", anchor) == f"Whole: 2 entries, and 1 that wait to be sealed.\n{anchor}\n"


def test_the_command_of_an_empty_log():
    assert run("anchor") == "Nothing is sealed yet.\n"
    assert run("verify") == "Whole: 0 entries, and 0 that wait to be sealed.\n0:\n"


def test_the_command_fails_and_says_where():
    first, second = sealed(2)
    change(second, verb="user.registered")
    errors = StringIO()

    with pytest.raises(CommandError, match="not whole") as failed:
        call_command("audit", "verify", stdout=StringIO(), stderr=errors)

    assert failed.value.returncode == 1
    assert f"Place 2 (entry {second.pk}) was changed, or not written by this server." in errors.getvalue()


@pytest.mark.parametrize("anchor", ["", "1", "1:", "0:" + "a" * 64, "1:" + "a" * 63, "x:" + "a" * 64])
def test_an_anchor_has_a_place_and_a_hash(anchor):
    with pytest.raises(CommandError, match="PLACE:HASH"):
        run("verify", "--anchor", anchor)


def test_each_sealing_leaves_an_anchor_in_the_logs(monkeypatch):
    told = []
    monkeypatch.setattr(sealing.logger, "info", lambda event, **more: told.append((event, more)))

    sealed(2)

    anchor = read_anchor()
    assert told == [("audit_sealed", {"place": 2, "hash": anchor.hash})]


def test_the_nightly_reading_is_written_down(monkeypatch):
    write(2)
    told = []
    monkeypatch.setattr(checking.logger, "error", lambda event, **more: told.append((event, more)))

    was_whole = check_audit_log()
    change(AuditEntry.objects.get(place=1), verb="user.registered")
    check = note_check()

    assert (was_whole, check_audit_log()) == (True, False)
    assert [(each.place, bool(each.faults)) for each in AuditCheck.objects.order_by("id")] == [
        (2, False),
        (2, True),
        (2, True),
    ]
    assert check.faults.startswith("Place 1 ")
    assert [event for event, _ in told] == ["audit_log_not_whole"] * 2


def test_the_nightly_reading_goes_on_where_sealing_can_not(settings):
    sealed(1)
    move_head(mac="0" * 64)

    assert note_check().faults == "The head, at place 1, was not made by this server."
