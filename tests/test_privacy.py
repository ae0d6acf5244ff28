"""Nothing is held about anybody that nobody has classified, and the record of it says what the code does."""

from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

from accounts.models import Session, User
from accounts.privacy import HOLDINGS
from common import holdings
from common.holdings import BLANK, Anonymise, Erase, Field, Holding, Keep, Part
from messaging.models import Message

ROOT = Path(__file__).parent.parent


def holding_of(model: type, **more: object) -> Holding:
    [found] = [each for each in holdings.holdings() if each.model is model]
    return Holding(**{name: getattr(found, name) for name in found.__dataclass_fields__} | more)


@pytest.fixture
def only(monkeypatch):
    """Faults of a map that holds these and nothing else."""

    def faults(*those: Holding) -> list[str]:
        monkeypatch.setattr(holdings, "_parts", [Part(app="tests", holdings=list(those))])
        return holdings.faults({each.model for each in those})

    return faults


def test_every_field_of_every_model_is_classified_and_nothing_contradicts():
    assert holdings.faults(apps.get_models()) == [], "mend privacy.py, or what is in privacy/, of the app"


def test_a_model_that_nobody_classified_is_named(monkeypatch):
    monkeypatch.setattr(holdings, "_parts", [])

    assert holdings.faults([User]) == ["accounts.User: not classified"]


def test_a_field_that_nobody_classified_is_named(only):
    fields = {name: each for name, each in holding_of(Session).fields.items() if name != "address"}

    assert only(holding_of(Session, fields=fields)) == ["accounts.Session.address: not classified"]


def test_a_field_that_is_not_there_is_named(only):
    fields = holding_of(Session).fields | {"place": Field("Where it is.")}

    assert only(holding_of(Session, fields=fields)) == ["accounts.Session.place: there is no such field"]


@pytest.mark.parametrize(
    ("model", "change", "fault"),
    [
        (Session, {"purpose": ""}, ": no purpose or no retention"),
        (Session, {"retention": ""}, ": no purpose or no retention"),
        (Session, {"erase": None}, ": what is somebody's needs an erase action, what is nobody's has none"),
        (Session, {"export": None}, ": an export without fields, or fields without an export"),
        (Session, {"also": {"address": "address"}}, ": two fields are exported as address"),
        (Session, {"address": Field("")}, ".address: no purpose"),
        (
            Session,
            {"address": Field("Where.", erase=BLANK)},
            ".address: an action if and only if its row stays",
        ),
        (Message, {"text": Field("What.")}, ".text: an action if and only if its row stays"),
        (Message, {"text": Field("What.", erase=Keep(""))}, ".text: kept without a reason"),
        (Message, {"seq": Field("Where.", erase=BLANK)}, ": seq can't be empty, so it is not to be blanked"),
        (User, {"email": Field("To reach.", erase=BLANK)}, ": email is unique, so it is not to be blanked"),
    ],
)
def test_a_contradiction_is_named(model, change, fault, only):
    own = {name: value for name, value in change.items() if name in Holding.__dataclass_fields__}
    fields = {name: value for name, value in change.items() if name not in own}
    was = holding_of(model)
    exported = {name: Field(each.purpose, each.export, each.erase) for name, each in was.fields.items()}

    found = only(holding_of(model, fields=exported | fields, **own))

    assert f"{model._meta.label}{fault}" in found


def test_two_exports_have_two_names(only):
    found = only(holding_of(Session), holding_of(Message, export="sessions"))

    assert found == ["sessions: the export of two models"]


def test_what_stands_on_others_is_erased_before_them():
    assert [part.app for part in holdings.parts()] == [
        "messaging",
        "notifications",
        "files",
        "legal",
        "accounts",
        "common",
    ]
    assert HOLDINGS[0].model is User
    assert HOLDINGS[0].erase is Erase.BY_FIELD
    assert isinstance(HOLDINGS[0].fields["email"].erase, Anonymise)


def test_the_record_of_processing_is_the_map(capsys):
    call_command("privacy_map")

    assert capsys.readouterr().out == (ROOT / "docs/privacy.md").read_text(), "make privacy-map"
