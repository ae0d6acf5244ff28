"""What may have to be proved later, and rules that staff set."""

from typing import Final

from accounts.models import AddressRule, AddressRulesVersion, AuditCheck, AuditEntry, AuditHead, Erasure
from common.holdings import BLANK, Erase, Field, Holding, Keep

CHAINED: Final = Keep("The audit log is chained: an entry that changed would break the proof of all others.")
PROOF: Final = Keep("It shows that the wish was met, and when.")

HOLDINGS: Final = [
    Holding(
        model=AuditEntry,
        whose=("subject", "actor"),
        purpose="What matters for security, or for who answers for what, can be proved later.",
        retention="as the law asks for; entries hold ids, no names, and addresses until erasure",
        erase=Erase.BY_FIELD,
        export="security_history",
        shown="subject",
        fields={
            "id": Field("Names the entry.", "id", CHAINED),
            "at": Field("When.", "at", CHAINED),
            "category": Field("Whom it concerns.", "category", CHAINED),
            "verb": Field("What was done.", "verb", CHAINED),
            "actor": Field("By whom: an id.", None, CHAINED),
            "subject": Field("To whose account: an id.", None, CHAINED),
            "target_type": Field("To what.", "target_type", CHAINED),
            "target": Field("To what: an id.", "target", CHAINED),
            "details": Field("How: ids and words.", "details", CHAINED),
            "request_id": Field("In which request.", "request_id", CHAINED),
            "session": Field("In which session: an id.", "session", CHAINED),
            "address": Field("From where.", "address", BLANK),
            "address_mac": Field(
                "What the chain covers in place of the address: a keyed hash.", None, CHAINED
            ),
            "mac": Field("Whether it was written here: a keyed hash.", None, CHAINED),
            "place": Field("Its place in the chain.", None, CHAINED),
            "hash": Field("What the next entry is chained to.", None, CHAINED),
        },
    ),
    Holding(
        model=AuditHead,
        purpose="How far the audit log is chained.",
        retention="as long as the database",
        fields={
            "id": Field("There is one."),
            "place": Field("The last place."),
            "hash": Field("The hash there."),
            "mac": Field("Whether that was written here: a keyed hash."),
            "at": Field("When."),
        },
    ),
    Holding(
        model=AuditCheck,
        purpose="Whether the audit log was whole, each time it was read.",
        retention="as long as the database",
        fields={
            "id": Field("Names the check."),
            "at": Field("When."),
            "place": Field("How far it read."),
            "hash": Field("The hash there."),
            "faults": Field("What was wrong: places and ids of entries."),
        },
    ),
    Holding(
        model=Erasure,
        whose="user",
        purpose="Somebody wants to be forgotten.",
        retention="as long as the database",
        erase=Erase.BY_FIELD,
        export="erasures",
        fields={
            "id": Field("Names the wish and its receipt.", "id", PROOF),
            "user": Field("Whose wish: an id that names nobody any more.", None, PROOF),
            "by_staff": Field("Who wrote it down for them.", None, PROOF),
            "requested_at": Field("When.", "requested_at", PROOF),
            "due_at": Field("When the days of grace end.", "due_at", PROOF),
            "cancelled_at": Field("Whether it was called off.", "cancelled_at", PROOF),
            "begun_at": Field("Whether it can be called off.", None, PROOF),
            "erased_at": Field("When it was met.", None, PROOF),
            "replays": Field("Which one is done again, after a restore.", None, PROOF),
            "counts": Field("How many rows.", None, PROOF),
            "reached": Field("How far it came, for another try.", None, PROOF),
            "receipt": Field("What became of them: ids and numbers.", None, PROOF),
        },
    ),
    Holding(
        model=AddressRule,
        purpose="Which networks and countries are served, and which are not.",
        retention="until staff take it away, or as long as it holds",
        fields={
            "id": Field("Names the rule."),
            "effect": Field("Whether they are served."),
            "kind": Field("Whether it is a network or a country."),
            "value": Field("Which one."),
            "note": Field("Why, as staff wrote it."),
            "created_by": Field("Who of the staff added it: an id."),
            "created_at": Field("When."),
            "expires_at": Field("How long it holds."),
        },
    ),
    Holding(
        model=AddressRulesVersion,
        purpose="Every process learns that the rules have changed.",
        retention="as long as the database",
        fields={"id": Field("There is one."), "number": Field("How often they have changed.")},
    ),
]
