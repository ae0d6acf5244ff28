"""Where people have pages of their own: how an address of each network looks, and how it is written."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MAX_URL: Final = 300  # characters
LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
# Names for machines within a network (RFC 6761, RFC 6762, RFC 8375): nobody else's browser gets there.
NOT_PUBLIC: Final = {"localhost", "local", "internal", "test", "invalid", "lan", "home", "arpa", "onion"}
SAFE: Final = "/%:@!$&'()*+,;=~"  # with `%`: what is escaped already stays as it is


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network and its addresses.

    Attributes:
        hosts: which it answers at, `www.` or not; the first is written.
        paths: patterns of a person's page there.
        reserved: first parts of a path that are no person.
    """

    title: str | Promise
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    reserved: frozenset[str] = frozenset()


NETWORKS: Final[dict[str, Network | None]] = {
    "x": Network(
        title="X",
        hosts=("x.com", "twitter.com", "mobile.twitter.com", "mobile.x.com"),
        paths=(r"/[A-Za-z0-9_]{1,15}",),
        reserved=frozenset(
            {"home", "explore", "search", "intent", "share", "i", "login", "settings", "hashtag"}
        ),
    ),
    "instagram": Network(
        title="Instagram",
        hosts=("www.instagram.com", "instagram.com", "m.instagram.com"),
        paths=(r"/[A-Za-z0-9._]{1,30}",),
        reserved=frozenset({"p", "reel", "reels", "stories", "explore", "accounts", "direct"}),
    ),
    "linkedin": Network(
        title="LinkedIn",
        hosts=("www.linkedin.com", "linkedin.com"),
        paths=(r"/(?:in|company|school)/[\w-]{2,100}",),
    ),
    "github": Network(
        title="GitHub",
        hosts=("github.com",),
        paths=(r"/[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}",),
        reserved=frozenset({"login", "join", "about", "explore", "features", "settings", "orgs", "topics"}),
    ),
    "youtube": Network(
        title="YouTube",
        hosts=("www.youtube.com", "youtube.com", "m.youtube.com"),
        paths=(r"/@[\w.-]{3,30}", r"/channel/UC[\w-]{22}", r"/(?:c|user)/[\w.-]{1,100}"),
    ),
    "tiktok": Network(
        title="TikTok", hosts=("www.tiktok.com", "tiktok.com"), paths=(r"/@[A-Za-z0-9._]{2,24}",)
    ),
    "facebook": Network(
        title="Facebook",
        hosts=("www.facebook.com", "facebook.com", "m.facebook.com", "fb.com"),
        paths=(r"/[A-Za-z0-9.]{5,50}", r"/profile\.php\?id=[0-9]{1,20}"),
        reserved=frozenset(
            {"login", "groups", "events", "watch", "marketplace", "sharer.php", "profile.php"}
        ),
    ),
    "telegram": Network(
        title="Telegram",
        hosts=("t.me", "telegram.me"),
        paths=(r"/[A-Za-z](?:_?[A-Za-z0-9]){3,31}",),
        reserved=frozenset({"joinchat", "share", "proxy", "socks", "addstickers", "login"}),
    ),
    "website": None,  # anywhere that anybody can reach
}


def normalize_link(network: str, url: str) -> str:
    """The one spelling of an address of *network*: https, its host in ASCII, no port, no trackers.

    A host in another script is written as a browser asks for it (RFC 3492), so that no letter can pass for
    another one's.

    Raises:
        django.core.exceptions.ValidationError: it is no such address; the code says what is wrong.
    """
    if len(url) > MAX_URL or re.search(r"[\s\\\x00-\x1f\x7f]", url):
        raise _wrong("invalid", _("This is no address."))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _wrong("invalid", _("This is no address.")) from None
    if parts.scheme.lower() != "https" or not host:
        raise _wrong("https_only", _("An address begins with https://."))
    if "@" in parts.netloc or port not in (None, 443) or parts.netloc.endswith(":"):
        raise _wrong("bare_host", _("An address has neither a user nor a port."))
    host = _ascii(host)
    known = NETWORKS[network]
    return (
        _anywhere(host, parts.path, parts.query)
        if known is None
        else _page(known, host, parts.path, parts.query)
    )


def _page(network: Network, host: str, path: str, query: str) -> str:
    plain = host.removeprefix("www.")
    country = re.fullmatch(r"[a-z]{2}\.(linkedin\.com)", host)
    if (
        host not in network.hosts
        and plain not in network.hosts
        and not (country and country[1] in network.hosts)
    ):
        raise _wrong("wrong_network", _("This is no address of %(network)s.") % {"network": network.title})
    try:
        page = unquote(path, errors="strict").rstrip("/")
    except UnicodeDecodeError:
        page = ""
    if page == "/profile.php":  # the one that says in the query who it is
        page += f"?id={parse_qs(query).get('id', [''])[0]}"
    is_person = any(re.fullmatch(each, page) for each in network.paths)
    if not is_person or page[1:].lower() in network.reserved:
        raise _wrong(
            "wrong_page", _("This is no page of a person at %(network)s.") % {"network": network.title}
        )
    return f"https://{network.hosts[0]}{quote(page, safe='/@?=.')}"


def _anywhere(host: str, path: str, query: str) -> str:
    labels = host.split(".")
    if len(labels) < 2 or labels[-1] in NOT_PUBLIC or _is_address(host) or not re.search("[a-z]", labels[-1]):
        raise _wrong("not_public", _("This address is not reachable for everybody."))
    written = quote(path, safe=SAFE) if path not in ("", "/") else ""
    if query:
        return f"https://{host}{written or '/'}?{quote(query, safe=SAFE + '?')}"
    return f"https://{host}{written}"


def _ascii(host: str) -> str:
    try:
        written = host.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        written = ""
    if len(written) > 253 or not all(LABEL.fullmatch(label) for label in written.split(".")):
        raise _wrong("invalid", _("This is no address."))
    return written


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _wrong(code: str, text: str | Promise) -> ValidationError:
    return ValidationError(str(text), code=code)
