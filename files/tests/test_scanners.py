"""clamd, the real one."""

import io
import zipfile

import pytest
from django.core.exceptions import ImproperlyConfigured

from files.providers import scanners
from files.providers.scanners import Clamd, ScannerUnavailable, ScanRefused
from files.tests.programs import EICAR, SIGNATURE


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.txt", content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", ""),
        (b"As-salamu alaykum", ""),
        (b"\0" * 300_000, ""),
        (EICAR, SIGNATURE),
        (zipped(b"As-salamu alaykum"), ""),
        (zipped(EICAR), SIGNATURE),
    ],
    ids=["empty", "text", "several chunks", "the signature", "a zip", "the signature in a zip"],
)
def test_a_file_is_looked_through(content, found, clamd):
    assert Clamd(clamd.address).scan(io.BytesIO(content)) == found


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 8 * 1024 * 1024])
def test_a_file_longer_than_it_takes_is_refused_for_good(size, clamd):
    with pytest.raises(ScanRefused, match="size limit exceeded"):
        Clamd(clamd.address).scan(io.BytesIO(bytes(size)))


def test_a_file_of_which_it_sees_a_part_is_not_called_clean(clamd):
    with pytest.raises(ScanRefused, match="Heuristics.Limits.Exceeded.MaxFileSize"):
        Clamd(clamd.address).scan(io.BytesIO(bytes(600_000)))


def test_it_says_what_it_is(clamd):
    assert Clamd(clamd.address).version().startswith("ClamAV ")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "unix:/nowhere/clamd.ctl"])
def test_one_that_is_away_is_to_be_asked_again(address):
    with pytest.raises(ScannerUnavailable):
        Clamd(address).scan(io.BytesIO(b"As-salamu alaykum"))


@pytest.mark.parametrize("address", ["/run/clamd.ctl", "http://127.0.0.1:3310", "tcp:///x", "unix:"])
def test_an_address_that_is_none_is_said(address):
    with pytest.raises(ImproperlyConfigured, match="CLAMAV_URL"):
        Clamd(address)


def test_without_an_address_there_is_none(settings):
    settings.CLAMAV_URL = ""

    assert scanners.is_configured() is False
    with pytest.raises(LookupError):
        scanners.scanner()
