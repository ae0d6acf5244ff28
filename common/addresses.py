"""The address of a client, as far as it can be believed, and networks in their one spelling."""

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

from django.conf import settings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_ADDRESS: Final = 64  # characters: an IPv6 address has 45, and its zone the name of an interface


def client_address(peer: str | None, forwarded_for: str | None) -> str | None:
    """Who called: the peer, or behind our own proxies the first address that is not one of them.

    Args:
        peer: the address of the connection; None or a name where there is no network between (a unix socket).
        forwarded_for: the `X-Forwarded-For` header, if any; of several, their values with commas between.
            Each proxy appends whom it saw, so it is read from the right, and only as far as `TRUSTED_PROXIES`
            reach: what stands left of that anybody can write (ASVS 5.0 4.1.3).
    """
    chain = [part.strip() for part in (forwarded_for or "").split(",") if part.strip()]
    address = parse_address(peer)
    while chain and _is_ours(address):
        address = parse_address(chain.pop())
    return None if address is None else str(address)


def address_of_scope(scope: Any) -> str | None:
    """The same of an ASGI connection, such as a socket."""
    peer, *_ = scope.get("client") or [None]
    seen = [value.decode("latin1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return client_address(peer, ",".join(seen))


def is_our_proxy(peer: str | None) -> bool:
    """Whether *peer* is one of `TRUSTED_PROXIES`, so that its word on where a request came from counts."""
    return _is_ours(parse_address(peer))


def parse_address(text: str | None) -> Address | None:
    """The address that *text* spells, if it spells one.

    One host has one address here: a socket that takes both families calls an IPv4 client
    `::ffff:203.0.113.7`, and a zone (`fe80::1%eth0`) names an interface of ours, not the client.
    """
    return _parse(text) if text and len(text) <= MAX_ADDRESS else None


@lru_cache(maxsize=10_000)  # some 3 MB: each request has one, and most have had it before
def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(int(address))
    return address


def parse_network(text: str) -> Network:
    """The network that *text* spells; of an address in it (`203.0.113.7/24`) the whole, of a bare one itself.

    Raises:
        ValueError: it spells none.
    """
    if "%" in text:
        raise ValueError(f"{text!r} has a zone")
    network = ip_network(text, strict=False)
    if isinstance(network, IPv4Network) or network.prefixlen < 96:
        return network
    mapped = network.network_address.ipv4_mapped
    return IPv4Network((mapped, network.prefixlen - 96)) if mapped else network


def around(network: Network) -> Iterator[Network]:
    """*network* and every larger one that holds it, the smallest first: at most 33, or 129 of IPv6."""
    yield network
    for length in reversed(range(network.prefixlen)):
        yield network.supernet(new_prefix=length)


def _is_ours(address: Address | None) -> bool:
    if address is None:
        return False
    return any(address in network for network in _proxies(tuple(settings.TRUSTED_PROXIES)))


@lru_cache(maxsize=8)
def _proxies(trusted: tuple[str, ...]) -> list[Network]:
    return [parse_network(proxy) for proxy in trusted]
