"""Small GeoIP files."""

import os
from collections.abc import Mapping
from pathlib import Path

from mmdb_writer import MMDBWriter
from netaddr import IPSet

# Of the networks that are for documents (RFC 5737, RFC 3849): where they are here.
PLACES = {
    "203.0.113.0/24": ("SA", "Riyadh"),
    "198.51.100.0/24": ("DE", ""),
    "2001:db8:1::/48": ("SA", "Jeddah"),
}


def write_geo_file(
    path: Path, places: Mapping[str, tuple[str, str]] = PLACES, *, only_ipv4: bool = False
) -> None:
    """Put a file in place as an operator should: whole, under its name in one step."""
    writer = MMDBWriter(
        ip_version=4 if only_ipv4 else 6, ipv4_compatible=not only_ipv4, database_type="Serai-City"
    )
    for network, (country, city) in places.items():
        record = {"country": {"iso_code": country, "names": {"en": country}}}
        writer.insert_network(IPSet([network]), record | ({"city": {"names": {"en": city}}} if city else {}))
    writer.to_db_file(str(path.with_suffix(".new")))
    os.replace(path.with_suffix(".new"), path)
