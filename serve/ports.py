"""Where the server is, and who listens on a port, read from /proc, so that an error can name what has to be stopped.

Standard library only: `make doctor` must start where half of the packages are missing.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

LISTEN = "0A"  # the state's number in /proc/net/tcp


def address() -> str:
    """Base URL of the server: OLLAMA_HOST in any of the forms that Ollama takes, else http://127.0.0.1:11434."""
    value = os.environ.get("OLLAMA_HOST", "").strip()
    url = urlsplit(value if "://" in value else f"http://{value or '127.0.0.1:11434'}")
    name = url.hostname or "127.0.0.1"
    port = url.port or {"https": 443, "http": 80 if "://" in value else 11434}[url.scheme]
    return f"{url.scheme}://{'127.0.0.1' if name == '0.0.0.0' else name}:{port}"


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
