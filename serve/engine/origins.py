"""Whom a browser may speak for: requests with a foreign Host or Origin are refused with 403, as Ollama refuses them.

A page of another site can make a browser send requests to 127.0.0.1, under that site's Origin, or under its own Host
once its name resolves to 127.0.0.1 (DNS rebinding). OLLAMA_ORIGINS allows more origins: a list with commas, in which
`*` stands for anything.
"""

import ipaddress
import os
import re
import socket
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL = ("localhost", "127.0.0.1", "0.0.0.0")
PROGRAMS = ("app://*", "file://*", "tauri://*", "vscode-webview://*", "vscode-file://*")
EXTENSIONS = ("chrome-extension://*", "safari-extension://*", "moz-extension://*", "ms-browser-extension://*")
DOMAINS = (".localhost", ".local", ".internal")
METHODS = "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS"


def allowed_origins(setting: str) -> tuple[str, ...]:
    """Patterns of the origins that may ask; `setting` is OLLAMA_ORIGINS."""
    own = [origin.strip() for origin in setting.strip("\"' ").split(",") if origin.strip()]
    local = [f"{scheme}://{name}{port}" for name in LOCAL for scheme in ("http", "https") for port in ("", ":*")]
    return (*own, *local, *PROGRAMS, *EXTENSIONS)


def is_local_host(host: str) -> bool:
    """Whether a Host header names this machine: no name of the public internet does."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return False
    if name in ("", "localhost", socket.gethostname().lower()) or name.endswith(DOMAINS):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_private or address.is_unspecified


class Guard:
    """The application behind both checks; Hosts are checked where the server listens on a loopback address only."""

    def __init__(self, app: ASGIApp, loopback: bool) -> None:
        self.app = app
        self.loopback = loopback
        self.origins = allowed_origins(os.environ.get("OLLAMA_ORIGINS", ""))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin", "")
        is_own = origin in ("", f"http://{host}", f"https://{host}")
        if (self.loopback and not is_local_host(host)) or not (is_own or self._allows(origin)):
            await Response(status_code=403)(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            asked = headers.get("access-control-request-headers", "")
            answer = {"access-control-allow-methods": METHODS, "access-control-allow-headers": asked}
            await Response(status_code=204, headers=answer)(scope, receive, self._marked(send, origin))
        else:
            await self.app(scope, receive, send if is_own else self._marked(send, origin))

    def _allows(self, origin: str) -> bool:
        return any(
            re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), origin) for pattern in self.origins
        )

    def _marked(self, send: Send, origin: str) -> Send:
        """Tells the browser that the origin may read the answer."""

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start" and origin:
                headers = MutableHeaders(scope=message)
                headers["access-control-allow-origin"] = "*" if "*" in self.origins else origin
                headers["vary"] = "Origin"
            await send(message)

        return marked
