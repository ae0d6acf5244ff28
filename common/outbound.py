"""Calls to addresses that strangers gave us: to nobody but the public internet, and never for long.

A name is looked up once, every address it has is vetted, and the connection goes to one of those: what DNS
says a moment later changes nothing. No redirect is followed, no proxy of the environment is asked, nothing
of the caller's stands in the call but what it was given.
"""

import re
import socket
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, Final

import httpcore2 as httpcore
import httpx2 as httpx
from django.conf import settings

from .addresses import Address, Network, parse_network

CONNECT_WITHIN: Final = 5.0  # seconds for the name, and as many for the connection
WITHIN: Final = 15.0  # seconds of a whole call, however slowly its answer drips
MAX_BODY: Final = 64 * 1024  # bytes of an answer that are read
MAX_URL: Final = 2048  # characters
HOST: Final = re.compile(r"[A-Za-z0-9._:-]+")

# What no stranger's address may be, though IPv4 has it elsewhere than at home: IANA, "IPv4 Special-Purpose
# Address Registry"; and what clouds keep for themselves inside of the public space.
NOT_PUBLIC_4: Final = [
    IPv4Network(each)
    for each in (
        "0.0.0.0/8",  # this network, RFC 791
        "10.0.0.0/8",  # private, RFC 1918
        "100.64.0.0/10",  # behind a provider's NAT, RFC 6598
        "127.0.0.0/8",  # loopback, RFC 1122
        "169.254.0.0/16",  # link-local, RFC 3927: metadata of most clouds
        "172.16.0.0/12",  # private, RFC 1918
        "192.0.0.0/24",  # protocol assignments, RFC 6890: metadata of Oracle's cloud
        "192.0.2.0/24",  # documentation, RFC 5737, as two more below
        "192.31.196.0/24",  # AS112, RFC 7535
        "192.52.193.0/24",  # AMT, RFC 7450
        "192.88.99.0/24",  # relays of 6to4, RFC 7526
        "192.168.0.0/16",  # private, RFC 1918
        "192.175.48.0/24",  # AS112, RFC 7534
        "198.18.0.0/15",  # benchmarks, RFC 2544
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast, RFC 5771
        "240.0.0.0/4",  # reserved, RFC 1112, and broadcast
        "168.63.129.16/32",  # the platform's own services on Azure
    )
]
# Of IPv6 nothing is public but this (RFC 4291 §2.4): loopback, `fc00::/7`, `fe80::/10`, multicast, and every
# spelling of an IPv4 address (`::ffff:0:0/96`, `::/96`, `64:ff9b::/96`, `64:ff9b:1::/48`) lie outside of it.
PUBLIC_6: Final = IPv6Network("2000::/3")
NOT_PUBLIC_6: Final = [
    IPv6Network(each)
    for each in (
        "2001::/23",  # protocol assignments, RFC 2928: Teredo and ORCHID among them
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4, RFC 3056: an IPv4 address inside
        "2620:4f:8000::/48",  # AS112, RFC 7534
        "3fff::/20",  # documentation, RFC 9637
    )
]


class CallFailed(Exception):  # noqa: N818 (it says what is so)
    """Nobody answered.

    Attributes:
        code: why, as one word: `timeout`, `unresolved`, `connection_failed`, `tls_failed`, `broken_answer`.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code


class AddressRefused(CallFailed):
    """It is not called: `url_invalid`, `scheme_refused`, `credentials_refused`, `port_refused`, or
    `address_refused`, which is no public one."""


@dataclass(frozen=True)
class Target:
    """A URL that may be called, as it goes over the wire: whatever another reader would make of its text."""

    scheme: str
    host: str  # ASCII, an IPv6 address without its brackets
    port: int
    path: str  # with the query

    @property
    def name(self) -> str:
        """As `Host` has it (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """
    Attributes:
        headers: by their names in lower case; of several the last.
        body: its first `MAX_BODY` bytes.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


DEFAULT_PORTS: Final = {"https": 443, "http": 80}


def target_of(url: str) -> Target:
    """What *url* names, if it may be called as far as its text tells.

    Raises:
        AddressRefused
    """
    if len(url) > MAX_URL:
        raise AddressRefused("url_invalid", f"An address has at most {MAX_URL} characters.")
    try:
        parsed = httpx.URL(url)
        host = parsed.raw_host.decode("ascii").strip("[]")
    except (httpx.InvalidURL, UnicodeError, ValueError, TypeError):
        raise AddressRefused("url_invalid", "This is no URL.") from None
    if parsed.scheme not in (["https", "http"] if settings.OUTBOUND_PRIVATE else ["https"]):
        raise AddressRefused("scheme_refused", "Only https:// is called.")
    port = DEFAULT_PORTS[parsed.scheme] if parsed.port is None else parsed.port
    if not HOST.fullmatch(host) or not 0 < port < 65536:
        raise AddressRefused("url_invalid", "This is no URL.")
    if parsed.userinfo:
        raise AddressRefused("credentials_refused", "No name and password stand in an address.")
    if port not in settings.OUTBOUND_PORTS and not settings.OUTBOUND_PRIVATE:
        allowed = ", ".join(map(str, settings.OUTBOUND_PORTS))
        raise AddressRefused("port_refused", f"Only these ports are called: {allowed}.")
    if address := _spelt(host):
        _require_allowed([address])
    return Target(parsed.scheme, host, port, parsed.raw_path.decode("ascii"))


def post(url: str, *, content: bytes, headers: Mapping[str, str], within: float = WITHIN) -> Answer:
    """Send *content* to *url*. Blocks for *within* seconds at most, and keeps nothing open.

    Raises:
        AddressRefused: nothing was sent, and nobody was called.
        CallFailed: perhaps it arrived, but no answer came.
    """
    target = target_of(url)
    until = monotonic() + within
    given = [("Host", target.name), *headers.items()]
    request = httpcore.Request(
        "POST",
        httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path),
        headers=[(name.encode("ascii"), value.encode("ascii")) for name, value in given]
        + [(b"Content-Length", str(len(content)).encode())],
        content=content,
    )
    try:
        with httpcore.ConnectionPool(ssl_context=_tls(), network_backend=_Vetting(until)) as pool:
            response = pool.handle_request(request)
            try:
                return _read(response)
            finally:
                response.close()
    except httpcore.TimeoutException:
        raise CallFailed("timeout", f"No whole answer within {within:g} seconds.") from None
    except httpcore.ConnectError as error:
        is_tls = isinstance(error.__cause__ or error.__context__, ssl.SSLError)
        raise CallFailed("tls_failed" if is_tls else "connection_failed", str(error)) from None
    except httpcore.NetworkError as error:
        raise CallFailed("connection_failed", str(error)) from None
    except httpcore.ProtocolError as error:
        raise CallFailed("broken_answer", str(error)) from None


def is_public(address: Address) -> bool:
    """Whether *address* is one that anybody on the internet can be reached at."""
    if isinstance(address, IPv6Address):
        return address in PUBLIC_6 and not any(address in network for network in NOT_PUBLIC_6)
    return not any(address in network for network in NOT_PUBLIC_4)


def addresses_of(host: str, port: int, *, within: float) -> list[Address]:
    """What *host* is called by now, each of them allowed: one that is not refuses them all.

    Raises:
        AddressRefused, CallFailed
    """
    found = list(dict.fromkeys(_look_up(host, port, within)))
    if not found:
        raise CallFailed("unresolved", f"{host} has no address.")
    _require_allowed(found)
    return found


def _require_allowed(addresses: Iterable[Address]) -> None:
    for address in addresses:
        if settings.OUTBOUND_PRIVATE:
            continue
        if not is_public(address) or _is_denied(address) or _is_own(address):
            raise AddressRefused("address_refused", "It leads to an address that is not called from here.")


def _is_denied(address: Address) -> bool:
    return any(address in network for network in _denied(tuple(settings.OUTBOUND_DENIED)))


@lru_cache(maxsize=8)
def _denied(networks: tuple[str, ...]) -> list[Network]:
    return [parse_network(network) for network in networks]


def _is_own(address: Address) -> bool:
    """Whether it is this very machine: what is sent there would come from the same address. Sends nothing."""
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return ip_address(probe.getsockname()[0]) == address
    except OSError:  # there is no way to it at all
        return False


def _spelt(host: str) -> Address | None:
    """The address that stands in a URL itself. Others, as `0x7f.1`, the look-up sees through."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _look_up(host: str, port: int, within: float) -> list[Address]:
    """In a thread of its own: the system's resolver knows no time-out, and whoever owns a name may dawdle."""
    answer: SimpleQueue[Any] = SimpleQueue()

    def ask() -> None:
        try:
            answer.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answer.put(error)

    Thread(target=ask, name="look-up", daemon=True).start()
    try:
        found = answer.get(timeout=max(within, 0))
    except Empty:
        raise CallFailed("timeout", f"{host} was not resolved in time.") from None
    if isinstance(found, Exception):
        raise CallFailed("unresolved", f"{host} can't be resolved.") from None
    return [ip_address(each[4][0]) for each in found]


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpcore.default_ssl_context()


def _read(response: httpcore.Response) -> Answer:
    body = bytearray()
    for piece in response.iter_stream():
        body += piece
        if len(body) >= MAX_BODY:
            break
    headers = {name.decode("latin1").lower(): value.decode("latin1") for name, value in response.headers}
    return Answer(status=response.status, headers=headers, body=bytes(body[:MAX_BODY]))


class _Vetting(httpcore.NetworkBackend):
    """Connects to what was vetted, under one deadline for all that follows."""

    def __init__(self, until: float) -> None:
        self._until = until
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        addresses = addresses_of(host, port, within=min(CONNECT_WITHIN, self._until - monotonic()))
        error: Exception = httpcore.ConnectTimeout()
        for address in _one_of_each_family(addresses):
            left = min(CONNECT_WITHIN, self._until - monotonic())
            if left <= 0:
                break
            try:
                stream = self._network.connect_tcp(str(address), port, timeout=left)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failure:
                error = failure
            else:
                return _Bounded(stream, self._until)
        raise error


def _one_of_each_family(addresses: list[Address]) -> list[Address]:
    first: dict[int, Address] = {}
    for address in addresses:
        first.setdefault(address.version, address)
    return list(first.values())


class _Bounded(httpcore.NetworkStream):
    """Gives each step what is left of the whole: a time-out for each would let an answer drip for ever."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream, self._until = stream, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._left(httpcore.ConnectTimeout)
        return _Bounded(self._stream.start_tls(ssl_context, server_hostname, left), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _left(self, late: type[httpcore.TimeoutException]) -> float:
        left = self._until - monotonic()
        if left <= 0:
            raise late
        return left
