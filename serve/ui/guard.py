"""Who may ask the page's server: a browser on this machine, from the page itself.

Another site's script could reach a port of this machine: by a name that it points here (DNS rebinding), which the Host
header betrays, or by a request across origins, which the Origin header does.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
LARGEST = 32 << 20  # bytes of a request's body
TYPES = ("application/json", "application/octet-stream")  # which another site's page cannot send without asking


class Guard:
    """ASGI middleware: 403 for a foreign Host or Origin, 413 for a body too large, 415 for a POST of another type."""

    def __init__(self, app: App, port: int) -> None:
        self.app = app
        self.hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        self.origins = {f"http://{host}" for host in self.hosts}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        refused = self._refused(scope["method"], Headers(raw=scope["headers"])) if scope["type"] == "http" else None
        await (refused or self.app)(scope, receive, send)

    def _refused(self, method: str, headers: Headers) -> PlainTextResponse | None:
        if headers.get("host", "") not in self.hosts:
            return PlainTextResponse("this page is served under 127.0.0.1 only", 403)
        if headers.get("origin", next(iter(self.origins))) not in self.origins:
            return PlainTextResponse("requests from other sites are refused", 403)
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return PlainTextResponse("requests from other sites are refused", 403)
        if method in ("GET", "HEAD"):
            return None
        if headers.get("content-type", "").partition(";")[0] not in TYPES:
            return PlainTextResponse("a request must be JSON, or the bytes of a file", 415)
        length = headers.get("content-length", "")
        if not length.isdigit() or int(length) > LARGEST:
            return PlainTextResponse(f"a page may have {LARGEST >> 20} MB at most", 413)
        return None
