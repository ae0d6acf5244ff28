"""Calls to addresses that strangers gave us."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from threading import Thread
from time import monotonic, sleep
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from common import outbound
from common.outbound import AddressRefused, CallFailed, is_public, post, target_of

from .receivers import Reply, receiver

PUBLIC = "93.184.215.14"  # anybody's; nobody is ever called there


@pytest.fixture
def private(settings):
    """The network around may be called, as in development: the receivers of these tests are here."""
    settings.OUTBOUND_PRIVATE = True


@pytest.fixture
def names(monkeypatch):
    """A DNS of our own: what it says of a name, look-up by look-up, and what it was asked."""

    class Names(dict):
        asked: list[str] = []

        def look_up(self, host, port, *rest, **more):
            if host not in self:
                return system(host, port, *rest, **more)
            Names.asked.append(host)
            found = self[host].pop(0) if len(self[host]) > 1 else self[host][0]
            return [
                (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
                for each in found
            ]

    Names.asked = []
    system, ours = socket.getaddrinfo, Names()
    monkeypatch.setattr(socket, "getaddrinfo", ours.look_up)
    return ours


@pytest.fixture
def wire(monkeypatch):
    """Where connections go: to a server here, whichever address they are for. Those are written down."""
    connect, wire = socket.create_connection, SimpleNamespace(port=0, seen=[])

    def put_through(to, timeout=None, **more):
        wire.seen.append(to)
        return connect(("127.0.0.1", wire.port), timeout)

    monkeypatch.setattr(socket, "create_connection", put_through)
    return wire


def refusal(url: str) -> str:
    with pytest.raises(AddressRefused) as refused:
        target_of(url)
    return refused.value.code


def failure(url: str, **more) -> str:
    with pytest.raises(CallFailed) as failed:
        post(url, content=b"{}", headers={}, **more)
    return failed.value.code


# --- What a URL may be --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://example.com/hooks", "scheme_refused"),
        ("ftp://example.com/hooks", "scheme_refused"),
        ("file:///etc/passwd", "scheme_refused"),
        ("gopher://example.com:443/_x", "scheme_refused"),
        ("//example.com/hooks", "scheme_refused"),
        ("example.com/hooks", "scheme_refused"),
        ("", "scheme_refused"),
        ("https://", "url_invalid"),
        ("https:///hooks", "url_invalid"),
        ("https://exa mple.com/", "url_invalid"),
        ("https://example.com:65536/", "url_invalid"),
        ("https://example.com:0/", "url_invalid"),
        ("https://example.com:port/", "url_invalid"),
        ("https://example.com/\x00", "url_invalid"),
        ("https://example.com/\r\nX-Evil: 1", "url_invalid"),
        ("https://[::1", "url_invalid"),
        ("https://example.com/" + "x" * 2048, "url_invalid"),
        ("https://layla:secret@example.com/", "credentials_refused"),
        ("https://layla@example.com/", "credentials_refused"),
        ("https://example.com@127.0.0.1/", "credentials_refused"),
        ("https://example.com:22/", "port_refused"),
        ("https://example.com:25/", "port_refused"),
        ("https://example.com:6379/", "port_refused"),
        ("https://127.0.0.1/", "address_refused"),
        ("https://127.0.0.1:8443/", "address_refused"),
        ("https://10.1.2.3/", "address_refused"),
        ("https://169.254.169.254/latest/meta-data/", "address_refused"),
        ("https://[::1]/", "address_refused"),
        ("https://[::ffff:127.0.0.1]/", "address_refused"),
        ("https://[::ffff:93.184.215.14]/", "address_refused"),
        ("https://[fd00:ec2::254]/", "address_refused"),
    ],
)
def test_a_url_that_is_not_called_says_why(url, code):
    assert refusal(url) == code


def test_a_url_is_read_once_and_goes_over_the_wire_as_it_was_read():
    target = target_of("https://Bücher.example:8443/hooks/ä?x=1 2#part")

    assert (target.host, target.port) == ("xn--bcher-kva.example", 8443)
    assert target.path == "/hooks/%C3%A4?x=1%202"
    assert target.name == "xn--bcher-kva.example:8443"
    assert target_of("https://example.com").path == "/"
    assert target_of("https://example.com").name == "example.com"
    assert target_of("https://[2606:2800:220:1::1]:8443/").name == "[2606:2800:220:1::1]:8443"


@pytest.mark.parametrize("spelling", ["127.1", "0x7f.0.0.1", "2130706433", "0", "localhost"])
def test_other_spellings_of_this_machine_are_seen_through(spelling):
    assert failure(f"https://{spelling}/") == "address_refused"


def test_our_own_public_addresses_are_no_strangers(settings):
    settings.OUTBOUND_DENIED = ["93.184.215.0/24"]

    assert refusal(f"https://{PUBLIC}/") == "address_refused"
    assert target_of("https://93.184.216.14/").host == "93.184.216.14"


def test_an_address_of_this_machine_is_known_whatever_network_it_is_of(monkeypatch):
    monkeypatch.setattr(outbound, "is_public", lambda address: True)

    assert refusal("https://127.0.0.1/") == "address_refused"


# --- What is public -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
        "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1",
        "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
        "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::7f00:1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::808:808",
        "64:ff9b:1::1", "100::1", "2001::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::",
        "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%lo",
        "fec0::1", "ff02::1",
    ],
)  # fmt: skip
def test_what_is_not_of_the_public_internet_is_not_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "93.184.215.14", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1",
     "168.63.129.15", "192.0.1.1", "198.17.255.255", "198.20.0.1", "223.255.255.255",
     "2606:4700:4700::1111", "2a00:1450:4001::1", "2001:200::1", "2003::1", "3ffe::1"],
)  # fmt: skip
def test_what_is_of_it_is(address):
    assert is_public(ip_address(address))


@given(st.ip_addresses(v=4))
def test_nothing_that_python_knows_as_special_is_public(address: IPv4Address):
    special = address.is_private or address.is_multicast or address.is_reserved or address.is_loopback
    assert not (is_public(address) and (special or address.is_link_local or address.is_unspecified))


@given(st.ip_addresses(v=6))
def test_nor_of_ipv6(address: IPv6Address):
    special = address.is_private or address.is_multicast or address.is_reserved or address.is_loopback
    carries_another = address.ipv4_mapped or address.sixtofour or address.teredo
    assert not (is_public(address) and (special or address.is_link_local or carries_another))


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_is_reached_by_a_spelling_of_ipv6(address: IPv4Address):
    number = int(address)
    spellings = [
        IPv6Address(number),
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address((0x64FF9B << 96) | number),
        IPv6Address((0x2002 << 112) | (number << 80)),
        IPv6Address((0x20010000 << 96) | (number ^ 0xFFFFFFFF)),
    ]

    assert not any(is_public(each) for each in spellings)


# --- Names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "found",
    [
        ["10.0.0.7"],
        [PUBLIC, "10.0.0.7"],
        ["127.0.0.1", PUBLIC],
        [PUBLIC, "::1"],
        ["fd00::1"],
        ["::ffff:7f00:1"],
    ],
)
def test_one_address_that_is_not_called_refuses_the_name(found, names, wire):
    names["hooks.example"] = [found]

    assert failure("https://hooks.example/") == "address_refused"
    assert wire.seen == []


def test_a_name_is_looked_up_once_and_the_call_goes_where_it_was_vetted(names, wire, monkeypatch, tmp_path):
    certificate = certificate_of("hooks.example", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    outbound._tls.cache_clear()
    names["hooks.example"] = [[PUBLIC], ["127.0.0.1"]]  # rebinding: the second answer would be us
    with receiver(certificate=certificate) as there:
        wire.port = urlsplit(there.url).port

        answer = post("https://hooks.example/hooks?a=1", content=b'{"a":1}', headers={"X-A": "1"})

    assert answer.status == 204
    assert names.asked == ["hooks.example"]
    assert wire.seen == [(PUBLIC, 443)]
    [call] = there.calls
    assert (call.path, call.body) == ("/hooks?a=1", b'{"a":1}')
    assert (call.headers["host"], call.headers["x-a"]) == ("hooks.example", "1")
    outbound._tls.cache_clear()


def test_a_certificate_is_of_the_name_and_not_of_whom_we_were_led_to(names, wire, monkeypatch, tmp_path):
    certificate = certificate_of("somebody.example", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    outbound._tls.cache_clear()
    names["hooks.example"] = [[PUBLIC]]
    with receiver(certificate=certificate) as there:
        wire.port = urlsplit(there.url).port

        assert failure("https://hooks.example/") == "tls_failed"

    assert there.calls == []
    outbound._tls.cache_clear()


def test_a_certificate_that_nobody_vouches_for_is_none(names, wire, tmp_path):
    names["hooks.example"] = [[PUBLIC]]
    with receiver(certificate=certificate_of("hooks.example", tmp_path)) as there:
        wire.port = urlsplit(there.url).port

        assert failure("https://hooks.example/") == "tls_failed"

    assert there.calls == []


def test_a_name_that_nobody_has_is_unresolved():
    assert failure("https://nobody.invalid/") == "unresolved"


def test_whoever_dawdles_over_a_name_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: sleep(3))
    start = monotonic()

    assert failure("https://hooks.example/", within=0.2) == "timeout"
    assert monotonic() - start < 1


# --- Calls --------------------------------------------------------------------------------------------------


def test_nothing_goes_along_but_what_is_said(private, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with receiver() as there:
        there.reply = lambda call: Reply(status=200, headers={"X-Seen": "yes"}, body=b"Thanks")

        answer = post(there.url, content=b"{}", headers={"User-Agent": "Serai", "Content-Type": "text/plain"})

    assert (answer.status, answer.body, answer.headers["x-seen"]) == (200, b"Thanks", "yes")
    assert there.calls[0].headers == {
        "host": urlsplit(there.url).netloc,
        "user-agent": "Serai",
        "content-type": "text/plain",
        "content-length": "2",
    }


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status, private):
    with receiver() as there, receiver() as elsewhere:
        there.reply = lambda call: Reply(status=status, headers={"Location": elsewhere.url})

        assert post(there.url, content=b"{}", headers={}).status == status

    assert elsewhere.calls == []


def test_of_a_huge_answer_the_beginning_is_read(private):
    with receiver() as there:
        there.reply = lambda call: Reply(status=200, body=b"x" * 8_000_000)

        answer = post(there.url, content=b"{}", headers={})

    assert len(answer.body) == 64 * 1024


def test_an_answer_that_drips_is_given_up_in_time(private):
    with receiver() as there:
        there.reply = lambda call: Reply(status=200, body=b"x" * 1000, drip=0.1)
        start = monotonic()

        assert failure(there.url, within=0.5) == "timeout"

    assert 0.4 < monotonic() - start < 1.5


def test_headers_that_drip_are_too(private):
    listener = socket.create_server(("127.0.0.1", 0))

    def drip():
        connection, _ = listener.accept()
        with connection:
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000:
                try:
                    connection.send(bytes([byte]))
                except OSError:
                    return
                sleep(0.05)

    Thread(target=drip, daemon=True).start()
    start = monotonic()

    assert failure(f"http://127.0.0.1:{listener.getsockname()[1]}/", within=0.5) == "timeout"
    assert 0.4 < monotonic() - start < 1.5
    listener.close()


def test_a_port_where_nobody_listens_is_told_from_one_that_is_silent(private):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent = listener.getsockname()[1]
        assert failure(f"http://127.0.0.1:{silent}/", within=0.3) == "timeout"

    assert failure(f"http://127.0.0.1:{silent}/") == "connection_failed"


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 abc\r\n\r\n", b"+PONG\r\n\r\n"])
def test_who_speaks_no_http_answers_nothing(said, private):
    listener = socket.create_server(("127.0.0.1", 0))

    def speak():
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(said)

    Thread(target=speak, daemon=True).start()

    assert failure(f"http://127.0.0.1:{listener.getsockname()[1]}/", within=2) in (
        "broken_answer",
        "connection_failed",
    )
    listener.close()


def certificate_of(name: str, folder) -> object:
    """A PEM file: a certificate that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    pem = serialization.Encoding.PEM
    path.write_bytes(
        certificate.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    assert ssl.PEM_HEADER.encode() in path.read_bytes()
    return path
