"""Where an address is, roughly: by a local file in MaxMind's format that `GEOIP_DATABASE` names.

Without a file nothing is known, and nothing depends on knowing it. The file may be replaced while we run, by
renaming another one over it, as MaxMind's `geoipupdate` does: it is mapped into memory, so nobody may write
into it. One that can't be read changes nothing: the last good one is used on, and `/api/health` tells.
"""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import maxminddb
import structlog
from django.conf import settings

logger = structlog.get_logger(__name__)

# ISO 3166-1 alpha-2, and XK, which the files use for Kosovo.
_CODES: Final = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW
BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI
FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN
IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME
MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF
PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV
SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK
YE YT ZA ZM ZW
"""
COUNTRIES: Final = frozenset(_CODES.split())


@dataclass(frozen=True)
class Place:
    """Where an address is said to be.

    Attributes:
        country: two letters (ISO 3166-1).
        city: in English; empty if the file knows none.
    """

    country: str
    city: str = ""

    def __str__(self) -> str:
        return f"{self.city}, {self.country}" if self.city else self.country


class GeoFile:
    """The file, opened once, and again when another one has taken its name.

    Attributes:
        error: why the file that has the name now can't be read, if it can't.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self._reader: maxminddb.Reader | None = None
        self._seen: object = None
        self._lock = threading.Lock()

    def reader(self) -> maxminddb.Reader | None:
        """The last good one. What this costs where nothing has changed is one `stat`."""
        if (present := _identity(settings.GEOIP_DATABASE)) != self._seen:
            with self._lock:
                if present != self._seen:
                    self._open(settings.GEOIP_DATABASE)
                    self._seen = present
        return self._reader

    def _open(self, path: str) -> None:
        try:
            self._reader = maxminddb.open_database(path)
            self.error = None
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            logger.warning("geoip_unreadable", path=path, error=str(error))
            self.error = error


file: Final = GeoFile()


def is_configured() -> bool:
    return bool(settings.GEOIP_DATABASE)


def place_of(address: str | None) -> Place | None:
    """Where *address* is; None if the file does not say, or there is none."""
    if address is None or not is_configured() or (reader := file.reader()) is None:
        return None
    try:
        found = reader.get(address)
    except (ValueError, maxminddb.InvalidDatabaseError):  # IPv6 in a file of IPv4; a damaged part
        return None
    country = _text(found, "country", "iso_code")
    return Place(country, _text(found, "city", "names", "en")) if country else None


def about() -> dict[str, Any]:
    """What the file is, for `/api/health`.

    Raises:
        Exception: it can't be read.
    """
    reader = file.reader()
    if file.error or reader is None:
        raise file.error or FileNotFoundError(settings.GEOIP_DATABASE)
    metadata = reader.metadata()
    return {"engine": metadata.database_type, "built_at": datetime.fromtimestamp(metadata.build_epoch, UTC)}


def _identity(path: str) -> object:
    """What is another where the file is another; of a missing one its name."""
    try:
        found = os.stat(path)
    except OSError:
        return path
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _text(record: object, *path: str) -> str:
    for name in path:
        record = record.get(name) if isinstance(record, Mapping) else None
    return record if isinstance(record, str) else ""
