"""The address of a client, as far as it can be believed."""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.conf import settings


def client_address(peer: str | None, forwarded_for: str | None) -> str | None:
    """Who called: the peer, or behind our own proxies the first address that is not one of them.

    Args:
        peer: the address of the connection; None or a name where there is no network between (a unix socket).
        forwarded_for: the `X-Forwarded-For` header, if any. Each proxy appends whom it saw, so it is read
            from the right, and only as far as `TRUSTED_PROXIES` reach: what stands left of that anybody can
            write.
    """
    chain = [part.strip() for part in (forwarded_for or "").split(",") if part.strip()]
    address = _valid(peer)
    while chain and is_our_proxy(address):
        address = _valid(chain.pop())
    return address


def is_our_proxy(peer: str | None) -> bool:
    """Whether *peer* is one of `TRUSTED_PROXIES`, so that its word on where a request came from counts."""
    if (address := _valid(peer)) is None:
        return False
    return any(ip_address(address) in network for network in _proxies(tuple(settings.TRUSTED_PROXIES)))


def _valid(text: str | None) -> str | None:
    try:
        return str(ip_address(text or ""))
    except ValueError:
        return None


@lru_cache(maxsize=8)
def _proxies(trusted: tuple[str, ...]) -> list[IPv4Network | IPv6Network]:
    return [ip_network(proxy, strict=False) for proxy in trusted]
