"""Whose address a request comes from: the peer's, or what a proxy that the settings name says of it.

``X-Forwarded-For`` is a text that anybody can send. It counts only where the peer itself is named in ``GIS_PROXIES``, and
then from its right end: each named proxy adds the address it saw, and the first that is no proxy of ours is the client.
"""

from __future__ import annotations

import ipaddress
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

from gis_service.settings import get_settings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=8)
def _networks(named: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in named.split(",") if part.strip())


def _is_proxy(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(mapped in network for network in _networks(get_settings().proxies))


def take_forwarded(scope: MutableMapping[str, Any]) -> None:
    """Set the client and the scheme of a request to what a named proxy says; of others' words nothing counts."""
    client = scope.get("client")
    if client is None or not get_settings().proxies or not _is_proxy(client[0]):
        return
    hops: list[str] = []
    scheme = b""
    for name, value in scope["headers"]:
        if name == b"x-forwarded-for":
            hops += value.decode("latin-1").split(",")
        elif name == b"x-forwarded-proto":
            scheme = value.strip().lower()
    for hop in reversed(hops):
        address = hop.strip().strip("[]")
        try:
            ipaddress.ip_address(address)
        except ValueError:
            break  # what stands left of it was not written by a proxy of ours
        scope["client"] = (address, 0)
        if not _is_proxy(address):
            break
    if scheme in (b"http", b"https"):
        scope["scheme"] = scheme.decode()
