"""Columns that are encrypted at rest."""

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError
from django.db import models

from common.fields import EncryptedTextField, Undecipherable, decrypt, encrypt

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))


@pytest.fixture
def field() -> EncryptedTextField:
    field = EncryptedTextField()
    field.set_attributes_from_name("secret")
    return field


def test_what_is_stored_tells_nothing_and_is_read_back(field):
    stored = field.get_prep_value("JBSWY3DPEHPK3PXP")

    assert "JBSWY3DPEHPK3PXP" not in stored
    assert stored != field.get_prep_value("JBSWY3DPEHPK3PXP")
    assert field.from_db_value(stored) == "JBSWY3DPEHPK3PXP"


@pytest.mark.parametrize("nothing", ["", None])
def test_nothing_stays_nothing(field, nothing):
    assert field.get_prep_value(nothing) == nothing
    assert field.from_db_value(nothing) == nothing


def test_an_older_key_still_opens_and_no_longer_closes(settings):
    settings.FIELD_KEYS = [OLD]
    stored = encrypt("phone")

    settings.FIELD_KEYS = [NEW, OLD]

    assert decrypt(stored) == "phone"
    assert Fernet(NEW).decrypt(encrypt("phone")) == b"phone"


def test_without_its_key_it_is_said_not_guessed(settings):
    settings.FIELD_KEYS = [OLD]
    stored = encrypt("phone")

    settings.FIELD_KEYS = [OTHER]

    with pytest.raises(Undecipherable, match="is an older key missing"):
        decrypt(stored)


@pytest.mark.parametrize("lookup", ["exact", "in", "contains", "gt"])
def test_it_can_not_be_asked_for(field, lookup):
    with pytest.raises(FieldError, match="encrypted"):
        field.get_lookup(lookup)


def test_whether_there_is_one_can_be_asked(field):
    assert field.get_lookup("isnull") is models.lookups.IsNull
