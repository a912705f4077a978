"""The names and addresses by which other machines can reach this one."""

from __future__ import annotations

import contextlib
import fcntl
import socket
import struct
from functools import lru_cache

_SIOCGIFADDR = 0x8915
"""Linux: the IPv4 address of an interface (netdevice(7))."""


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    """Return this machine's name and addresses, as a browser writes them: IPv6 in brackets."""
    name = socket.gethostname()
    found = _of_interfaces()
    with contextlib.suppress(OSError):
        # The zone of a link-local address is this machine's own word for it.
        found |= {str(row[4][0]).partition("%")[0] for row in socket.getaddrinfo(name, None)}
    return frozenset({name.lower(), *(f"[{address}]" if ":" in address else address for address in found)})


def _of_interfaces() -> set[str]:
    """Return the IPv4 addresses of the interfaces: many a machine's own name leads to 127.0.1.1 only."""
    found = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, interface in socket.if_nameindex():
            # An interface without an address, or a system that answers this otherwise.
            with contextlib.suppress(OSError):
                answer = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, struct.pack("256s", interface.encode()[:15]))
                found.add(socket.inet_ntoa(answer[20:24]))
    return found
