"""What stands before every request: old or ended sign-ins are taken out, closed doors, and the headers of every answer."""

from __future__ import annotations

import asyncio
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages._server import options, signin, takeaway
from pages._shared.faults import noted

# Where anybody could read what only the owner should: Streamlit's media links need no sign-in, its figures tell of use.
CLOSED = ("/_stcore/metrics", "/app/static")
MEDIA = "/media/"
UPLOAD = "/_stcore/upload_file"
STREAM = "/_stcore/stream"
SIGN_OUT = "/auth/logout"
FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip")
_NAMES = (signin.COOKIE,)  # and all that begin so: its chunks, the tokens


class Guard:
    """ASGI middleware around all of Streamlit."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        hosted, path = options.sign_in_is_on(), scope["path"].rstrip("/")
        if not hosted and _from_elsewhere(scope):
            return await _no(scope, receive, send, 403, "This dashboard answers on its own computer only.")
        cookies = _cookies(scope)
        ended = ""
        if hosted and signin.COOKIE in cookies and not _is_static(path):
            try:
                if path == SIGN_OUT:
                    await asyncio.to_thread(_sign_out, cookies)
                ended = await asyncio.to_thread(_over, cookies)
            except Exception as problem:  # whether somebody may come in can't be told
                noted(problem)
                if path != SIGN_OUT:
                    return await _no(scope, receive, send, 503, "The dashboard can't tell at the moment who may see what. Try again in a minute.")
            if ended and path != SIGN_OUT:
                scope = _without_sign_in(scope)
        if scope["type"] == "websocket":
            origin = _header(scope, b"origin")
            # A page from elsewhere. Streamlit would refuse it too, but asks the internet for this computer's address first.
            if path == STREAM and (hosted and not origin or origin and urlsplit(origin).netloc != _header(scope, b"host")):
                return await _no(scope, receive, send, 403, "no origin")
            return await self.app(scope, receive, send)
        anonymous = hosted and (bool(ended) or signin.COOKIE not in cookies)
        # The page itself asks whether a file is there, beside the download: that isn't taking it.
        asks = _header(scope, b"sec-fetch-mode") == "cors"
        answer = _closed(path, scope["method"], anonymous, cookies, asks)
        private = path.startswith((MEDIA, UPLOAD))
        await (answer or self.app)(scope, receive, _with_headers(send, scope, private))


def _closed(path: str, method: str, anonymous: bool, cookies: dict[str, str], asks: bool) -> ASGIApp | None:
    """What is answered instead of Streamlit, where the door is closed."""
    if f"{path}/".startswith(tuple(f"{door}/" for door in CLOSED)):
        return PlainTextResponse("Not found", status_code=404)
    if anonymous and path.startswith((UPLOAD, MEDIA)):
        return PlainTextResponse("Sign in first", status_code=401)
    if not path.startswith(MEDIA):
        return None
    if asks and takeaway.known(PurePosixPath(path).stem, takeaway.owner(cookies)):
        return PlainTextResponse("")
    if method != "GET" or not takeaway.take(PurePosixPath(path).stem, takeaway.owner(cookies)):
        return PlainTextResponse("Not found", status_code=404)
    return None


def _from_elsewhere(scope: Scope) -> bool:
    """Whether a request did not come from this computer: it was sent on by a proxy, or asks for another name."""
    if any(_header(scope, name) for name in FORWARDED):
        return True
    try:
        return urlsplit(f"//{_header(scope, b'host')}").hostname not in options.LOOPBACK
    except ValueError:  # no host can be called so
        return True


def _is_static(path: str) -> bool:
    return path.startswith("/static/")


def _over(cookies: dict[str, str]) -> str:
    from pages._server import people

    return signin.over(cookies, people.people().ended)


def _sign_out(cookies: dict[str, str]) -> None:
    from pages._server import people

    people.end(cookies, "signed out")


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def _cookies(scope: Scope) -> dict[str, str]:
    """As Starlette, and so Streamlit, reads them: what is a sign-in there is one here, whatever other cookies of the council's are beside it."""
    return dict(HTTPConnection(scope).cookies)


def _without_sign_in(scope: Scope) -> Scope:
    """The others are passed on as they were written: quotes taken off, one could become two."""
    headers = []
    for key, value in scope["headers"]:
        if key == b"cookie":
            kept = [part for part in value.decode("latin-1").split(";") if not part.partition("=")[0].strip().startswith(_NAMES)]
            value = ";".join(kept).encode("latin-1")
        if key != b"cookie" or value:
            headers.append((key, value))
    return {**scope, "headers": headers}


async def _no(scope: Scope, receive: Receive, send: Send, status: int, why: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4000 + status, "reason": why})
    else:
        await PlainTextResponse(why, status, headers={"cache-control": "no-store"})(scope, receive, _with_headers(send, scope, private=False))


def headers(host: str, secure: bool) -> dict[str, str]:
    """The security headers of every answer, for the host that was asked."""
    stream = f" ws://{host} wss://{host}" if host else ""
    found = {
        "content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'{stream}; worker-src 'self' blob:; frame-ancestors 'none'; "
        "object-src 'none'; base-uri 'self'; form-action 'self'",
        "x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "no-referrer",
        "permissions-policy": "camera=(), microphone=(), geolocation=()", "cross-origin-opener-policy": "same-origin",
    }  # fmt: skip
    return found | ({"strict-transport-security": "max-age=31536000"} if secure else {})


def _with_headers(send: Send, scope: Scope, private: bool) -> Send:
    host = _header(scope, b"host")
    host = host if host.replace(".", "").replace("-", "").replace(":", "").replace("[", "").replace("]", "").isalnum() else ""
    ours = [(name.encode(), value.encode("latin-1")) for name, value in headers(host, scope.get("scheme") == "https").items()]
    if private:
        ours.append((b"cache-control", b"no-store"))
    names = {name for name, _ in ours}

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*((k, v) for k, v in message.get("headers", []) if k.lower() not in names), *ours]}
        await send(message)

    return with_headers
