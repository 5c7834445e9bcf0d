"""Where the server is, and who listens on a port, read from /proc, so that an error can name what has to be stopped.

Standard library only: `make doctor` must start where half of the packages are missing.
"""

import os
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import UserError

PORTS = {"http": 80, "https": 443}  # of a URL without one
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where a server listens, and how it is reached
LISTEN = "0A"  # the state's number in /proc/net/tcp


def address() -> str:
    """Base URL of the server at OLLAMA_HOST, by default http://127.0.0.1:11434."""
    return url(os.environ.get("OLLAMA_HOST", ""), "OLLAMA_HOST")


def url(given: str, variable: str) -> str:
    """Base URL of a server that a variable gives in any of the forms that Ollama takes; empty is this machine's."""
    value = given.strip().strip("\"'")
    scheme, separator, rest = value.partition("://") if "://" in value else ("http", "", value)
    rest = rest.rstrip("/")
    bare = rest.strip("[]")
    try:
        if scheme not in PORTS or (separator and not rest) or any(mark in rest for mark in "/@?# "):
            raise ValueError
        parts = urlsplit(f"//[{bare}]" if _is_ipv6(bare) else f"//{rest}")
        port = (PORTS[scheme] if separator else 11434) if parts.port is None else parts.port
        if port == 0:
            raise ValueError
        (parts.hostname or "").encode("idna").decode("idna")  # no label is too long, or no name
    except ValueError:
        raise UserError(
            f"{variable} is {value!r}: give a host, host:port, [IPv6 address]:port or a URL of such"
        ) from None
    name = parts.hostname or "127.0.0.1"
    return f"{scheme}://{bracketed(EVERYWHERE.get(name, name))}:{port}"


def bracketed(name: str) -> str:
    """A host name or address as it stands in a URL."""
    return f"[{name}]" if ":" in name else name


def _is_ipv6(text: str) -> bool:
    try:
        return ip_address(text).version == 6
    except ValueError:
        return False


def owner(port: int) -> str:
    """ "name (pid N)" of the process that listens on a TCP port, or "another program" where /proc does not tell."""
    inodes = {f"socket:[{inode}]" for inode in _listening(port)}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(link.readlink()) in inodes for link in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:
            continue
    return "another program"


def _listening(port: int) -> list[str]:
    """Inodes of the sockets that listen on a port."""
    found = []
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        try:
            lines = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            columns = line.split()
            if columns[3] == LISTEN and int(columns[1].rpartition(":")[2], 16) == port:
                found.append(columns[9])
    return found
