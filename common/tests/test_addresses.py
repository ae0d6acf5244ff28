"""Who called, as far as it can be believed."""

import pytest
from django.http import HttpResponse

from common.addresses import client_address
from common.middleware.arrival import ArrivalMiddleware


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "address"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # no proxy of ours: anybody can write the header
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "192.0.2.66, 198.51.100.1", "198.51.100.1"),  # the left one was sent, not seen
        ("10.0.0.1", "192.0.2.66, 198.51.100.1, 10.0.0.2 , 10.0.0.3", "198.51.100.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.9", "10.0.0.9"),
        ("10.0.0.1", "garbage", None),
        ("10.0.0.1", "198.51.100.1:443", None),
        ("2001:db8:1::1", "2001:DB8:2::0001", "2001:db8:2::1"),
        (None, None, None),
        ("", "198.51.100.1", None),
        ("testclient", None, None),
    ],
)
def test_only_our_proxies_are_believed(peer, forwarded_for, address, settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8", "2001:db8:1::1"]

    assert client_address(peer, forwarded_for) == address


@pytest.mark.parametrize(("peer", "is_secure"), [("10.0.0.5", True), ("203.0.113.9", False)])
def test_only_our_proxies_say_that_a_request_came_over_tls(peer, is_secure, settings, rf):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    seen = []

    ArrivalMiddleware(lambda request: seen.append(request.is_secure()) or HttpResponse())(
        rf.get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_PROTO="https")
    )

    assert seen == [is_secure]
