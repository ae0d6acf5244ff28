"""Devices that people are known on, by a signed token that the device keeps."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final
from uuid import UUID

from django.core import signing
from django.db.models import Q
from django.utils import timezone

from accounts.models import KnownDevice, KnownNetwork, Session, User
from common.ids import uuid7

_SIGNER: Final = signing.Signer(salt="accounts.device")


def make_device_token(device: KnownDevice) -> str:
    """What the device shows when its person signs in again. It proves nothing but that they did before."""
    return _SIGNER.sign(device.device.hex)


def read_device_token(token: str) -> UUID | None:
    """The device that *token* names; None where it is not of ours."""
    try:
        return UUID(hex=_SIGNER.unsign(token))
    except (signing.BadSignature, ValueError):
        return None


def network_of(address: str | None) -> str:
    """Whose *address* is, as far as failures count: an IPv6 customer has a /64 and changes within it."""
    if address is None:
        return ""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped) if ip.ipv4_mapped else str(ip_network((ip, 64), strict=False))
    return str(ip)


def storable(user_agent: str) -> str:
    """A header may hold what PostgreSQL can't."""
    return user_agent.replace("\0", "")[:300]


def remember_device(
    *, user: User, token: str = "", user_agent: str = "", address: str | None = None
) -> tuple[KnownDevice, bool]:
    """Note that *user* has signed in here. Within the transaction that has locked their row.

    Args:
        token: what the device was given before, to whomever of its people.

    Returns:
        The device, and whether it is new to them. Without a token it is the same one if the network and the
        client are.
    """
    now, network, user_agent = timezone.now(), network_of(address), storable(user_agent)
    named = read_device_token(token)
    mine = KnownDevice.objects.filter(user=user)
    here = Q(network=network, user_agent=user_agent, seen_at__gt=now - KnownNetwork.KNOWN)
    known = mine.filter(Q(device=named) if named else here).first()
    device = known or KnownDevice(user=user, device=named or uuid7())
    device.network, device.user_agent, device.seen_at = network, user_agent, now
    device.save()
    remember_network(user=user, address=address)
    return device, known is None


def remember_network(*, user: User, address: str | None) -> None:
    """Hold where *user* is for a place of theirs."""
    if network := network_of(address):
        KnownNetwork.objects.update_or_create(
            user=user, network=network, defaults={"seen_at": timezone.now()}
        )


def is_known(*, email: str, device: UUID | None, network: str) -> tuple[bool, bool]:
    """Whether the person of *email*, if there is one, has signed in on this device, and in this network."""
    by_device = device is not None and KnownDevice.objects.filter(user__email=email, device=device).exists()
    networks = KnownNetwork.objects.known(at=timezone.now()).filter(user__email=email, network=network)
    return by_device, networks.exists()


def forget_device_of(session: Session) -> None:
    """Hold the device of *session* for a stranger's, and its network too."""
    KnownDevice.objects.filter(sessions=session).delete()
    KnownNetwork.objects.filter(user=session.user_id, network=network_of(session.address)).delete()


def purge_devices() -> int:
    """Forget devices and networks that nobody came from for long.

    Returns:
        How many.
    """
    kinds = (KnownDevice, KnownNetwork)
    return sum(kind.objects.forgotten(at=timezone.now()).delete()[0] for kind in kinds)
