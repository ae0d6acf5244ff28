"""Who called, as far as it can be believed."""

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse

from common import addresses
from common.addresses import address_of_scope, client_address, parse_address, parse_network
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
        # one host, one address: as a socket for both families tells it, and whatever a proxy writes
        ("::ffff:203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "192.0.2.66, ::FFFF:c633:6401", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, ::ffff:10.0.0.2", "198.51.100.1"),
        ("fe80::1%eth0", None, "fe80::1"),
        ("10.0.0.1", "010.0.0.9", None),
        ("10.0.0.1", ",,198.51.100.1,,", "198.51.100.1"),
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


# Each header as it came, in its order: of several with one name, the last is what our proxy added.
@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ([], "10.0.0.1"),
        ([("X-Forwarded-For", "198.51.100.1")], "198.51.100.1"),
        ([("X-Forwarded-For", "192.0.2.66"), ("X-Forwarded-For", "198.51.100.1")], "198.51.100.1"),
        (
            [("X-Forwarded-For", "192.0.2.66"), ("X-Forwarded-For", "198.51.100.1, 10.0.0.2")],
            "198.51.100.1",
        ),
        ([("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-For", "")], "198.51.100.1"),
        ([("X_Forwarded_For", "192.0.2.66")], "10.0.0.1"),
        ([("X-Forwarded-For", "198.51.100.1"), ("X_Forwarded_For", "192.0.2.66")], "198.51.100.1"),
        ([("Forwarded", "for=192.0.2.66"), ("X-Real-IP", "192.0.2.66")], "10.0.0.1"),
        ([("X-Client-IP", "192.0.2.66"), ("True-Client-IP", "192.0.2.66")], "10.0.0.1"),
    ],
)
def test_of_many_headers_the_one_that_our_proxy_wrote_counts(headers, address, settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "client": ("10.0.0.1", 4711),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
    }
    seen = []

    ArrivalMiddleware(lambda request: seen.append(request.client_address) or HttpResponse())(
        ASGIRequest(scope, None)
    )

    assert [*seen, address_of_scope(scope)] == [address, address]


@pytest.mark.parametrize("scope", [{"headers": []}, {"headers": [], "client": None}])
def test_a_unix_socket_has_no_address(scope):
    assert address_of_scope(scope) is None


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("203.0.113.7/24", "203.0.113.0/24"),
        ("203.0.113.0/255.255.255.0", "203.0.113.0/24"),
        ("203.0.113.7", "203.0.113.7/32"),
        ("2001:DB8:0::/32", "2001:db8::/32"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::/0", "::/0"),
    ],
)
def test_a_network_has_one_spelling(text, network):
    assert str(parse_network(text)) == network


@pytest.mark.parametrize(
    "text", ["", "x", "203.0.113.0/33", "203.0.113", "1.2.3.4/24/8", "fe80::1%eth0", "SA"]
)
def test_what_spells_no_network_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 (of `ipaddress`, with a message for people)
        parse_network(text)


def test_what_is_too_long_for_an_address_is_none_and_not_kept():
    kept = addresses._parse.cache_info().currsize

    assert parse_address("9" * (addresses.MAX_ADDRESS + 1)) is None
    assert addresses._parse.cache_info().currsize == kept
