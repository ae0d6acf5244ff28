"""Where an address is: with a file, without one, with a bad one, with another one."""

from datetime import UTC, datetime, timedelta

import pytest

from common import geo
from common.tests.geofiles import write_geo_file

HEALTH = "/api/health"


def names(*addresses):
    return [str(geo.place_of(address)) for address in addresses]


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.7", "Riyadh, SA"),
        ("198.51.100.1", "DE"),
        ("2001:db8:1::7", "Jeddah, SA"),
        ("2001:db8:2::7", "None"),
        ("192.0.2.1", "None"),
        ("no address", "None"),
        (None, "None"),
    ],
)
def test_a_place_is_what_the_file_says(address, place, geoip):
    assert str(geo.place_of(address)) == place


def test_without_a_file_no_address_is_anywhere(settings):
    settings.GEOIP_DATABASE = ""

    assert geo.place_of("203.0.113.7") is None


def test_a_file_of_ipv4_knows_no_other(geoip):
    write_geo_file(geoip, {"203.0.113.0/24": ("SA", "")}, only_ipv4=True)

    assert names("203.0.113.7", "2001:db8:1::7") == ["SA", "None"]


def test_another_file_under_the_name_is_read_at_once(geoip):
    before = names("203.0.113.7")

    write_geo_file(geoip, {"203.0.113.0/24": ("OM", "Muscat")})

    assert (before, names("203.0.113.7")) == (["Riyadh, SA"], ["Muscat, OM"])


def test_a_file_that_comes_later_is_read_when_it_comes(geoip):
    geoip.unlink()
    before = names("203.0.113.7")

    write_geo_file(geoip)

    assert (before, names("203.0.113.7")) == (["None"], ["Riyadh, SA"])


@pytest.mark.parametrize("change", ["corrupt", "cut", "gone"])
def test_what_can_not_be_read_leaves_the_last_good_one_in_use(change, geoip):
    known = names("203.0.113.7")
    whole = geoip.read_bytes()
    geoip.unlink()
    if change != "gone":
        geoip.write_bytes(b"nonsense" * 500 if change == "corrupt" else whole[: len(whole) // 2])

    assert (known, names("203.0.113.7")) == (["Riyadh, SA"], ["Riyadh, SA"])


def test_a_file_that_never_was_good_knows_nothing(geoip):
    geoip.unlink()
    geoip.write_bytes(b"nonsense" * 500)

    assert names("203.0.113.7") == ["None"]


def test_records_of_another_shape_say_nothing(geoip, monkeypatch):
    class Reader:
        def get(self, address):
            return ["SA"] if address == "203.0.113.7" else {"country": "SA", "city": {"names": ["Riyadh"]}}

    monkeypatch.setattr(geo.file, "reader", Reader)

    assert names("203.0.113.7", "203.0.113.8") == ["None", "None"]


# --- Health -------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_health_says_which_file_it_is_and_how_old(client, geoip):
    found = client.get(HEALTH).json()["checks"]["geoip"]

    assert (found["status"], found["engine"]) == ("ok", "Serai-City")
    age = datetime.now(UTC) - datetime.fromisoformat(found["built_at"])
    assert timedelta(0) <= age < timedelta(minutes=5)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "error"), [(None, "FileNotFoundError"), (b"nonsense" * 500, "InvalidDatabaseError")]
)
def test_health_says_that_a_file_can_not_be_read_beside_a_200(content, error, client, geoip):
    geoip.unlink()
    if content:
        geoip.write_bytes(content)

    response = client.get(HEALTH)

    assert (response.status_code, response.json()["status"]) == (200, "ok")
    found = response.json()["checks"]["geoip"]
    assert (found["status"], found["error"]) == ("failed", error)
