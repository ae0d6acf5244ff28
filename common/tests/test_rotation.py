"""Encrypted columns get under a new key while the product serves, and nothing is lost."""

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.db.models.functions import Cast
from django.test.utils import isolate_apps

from common import rotation
from common.fields import EncryptedTextField, encrypt
from common.rotation import encrypted_columns, look_at

pytestmark = pytest.mark.django_db(transaction=True)

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))


@pytest.fixture
def purse(settings, monkeypatch):
    """A table with secrets, of which the running product has perhaps none."""
    settings.FIELD_KEYS = [OLD]
    with isolate_apps():

        class Purse(models.Model):  # noqa: DJ008 (nobody looks at it)
            secret = EncryptedTextField(blank=True)
            spare = EncryptedTextField(null=True)

            class Meta:
                app_label = "common"

    with connection.schema_editor() as editor:
        editor.create_model(Purse)
    monkeypatch.setattr(rotation.apps, "get_models", lambda: [Purse])
    yield Purse
    with connection.schema_editor() as editor:
        editor.delete_model(Purse)


def stored(purse) -> list[str]:
    rows = purse.objects.annotate(stored=Cast("secret", models.TextField())).order_by("pk")
    return list(rows.values_list("stored", flat=True))


def test_everything_gets_under_the_first_key(purse, settings, capsys):
    purse.objects.bulk_create([*(purse(secret=f"dinar {n}", spare="x") for n in range(7)), purse(secret="")])
    settings.FIELD_KEYS = [NEW, OLD]
    purse.objects.create(secret="already")

    call_command("rotate_keys", batch=3)

    said = capsys.readouterr().out.splitlines()
    assert said == [
        "common.purse.secret: 8 values, 7 encrypted anew, 0 under an older key, 0 that no key opens",
        "common.purse.spare: 7 values, 7 encrypted anew, 0 under an older key, 0 that no key opens",
        "Everything is under the first key: the others can be taken out of FIELD_KEYS.",
    ]
    settings.FIELD_KEYS = [NEW]
    secrets = [*(f"dinar {n}" for n in range(7)), "", "already"]
    assert [row.secret for row in purse.objects.order_by("pk")] == secrets


def test_checking_tells_and_changes_nothing(purse, settings, capsys):
    purse.objects.create(secret="dinar")
    settings.FIELD_KEYS = [NEW, OLD]
    before = stored(purse)

    with pytest.raises(CommandError, match="1 values are still under an older key"):
        call_command("rotate_keys", check=True)

    assert stored(purse) == before
    call_command("rotate_keys")
    call_command("rotate_keys", check=True)
    assert capsys.readouterr().out.splitlines()[-1].startswith("Everything is under the first key")


def test_what_is_done_is_passed_over(purse, settings):
    purse.objects.create(secret="dinar")
    settings.FIELD_KEYS = [NEW, OLD]
    call_command("rotate_keys")
    before = stored(purse)

    call_command("rotate_keys")

    assert stored(purse) == before


def test_a_stopped_rotation_goes_on(purse, settings):
    purse.objects.bulk_create([purse(secret=f"dinar {n}") for n in range(5)])
    settings.FIELD_KEYS = [NEW, OLD]
    next(look_at(encrypted_columns()[0], rotate=True, batch=2))

    [column] = list(look_at(encrypted_columns()[0], rotate=True, batch=9))

    assert (column.values, column.rotated, column.old) == (5, 3, 0)


def test_what_is_written_meanwhile_is_not_written_over(purse, settings, monkeypatch):
    row = purse.objects.create(secret="dinar")
    settings.FIELD_KEYS = [NEW, OLD]

    def written_meanwhile(text: str) -> str:
        purse.objects.filter(pk=row.pk).update(secret="two dinars")
        return encrypt(text)

    monkeypatch.setattr(rotation, "encrypt", written_meanwhile)
    call_command("rotate_keys")

    row.refresh_from_db()
    assert row.secret == "two dinars"


def test_what_no_key_opens_is_said_and_left(purse, settings):
    purse.objects.create(secret="dinar")
    settings.FIELD_KEYS = [NEW, OTHER]
    before = stored(purse)

    with pytest.raises(CommandError, match="1 values are opened by none of FIELD_KEYS"):
        call_command("rotate_keys")

    assert stored(purse) == before
