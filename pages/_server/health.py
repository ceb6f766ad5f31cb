"""`/healthz`, for the container, the proxy and the monitoring: whether the dashboard can serve. It says nothing of what is in it."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def state() -> tuple[str, int]:
    """A word, and the HTTP status: "ok", "nothing loaded" (both 200), "store can't be read" (503)."""
    from pages._server import people  # brings the store along, and the server answers before that

    try:
        store = people.whole_store()
        store.state.settings()  # without them no page opens
        snapshot = store.current()
        if snapshot is None:
            return "nothing loaded", 200
        snapshot.loaded()
    except Exception:
        return "store can't be read", 503
    return "ok", 200


async def _answer(_request: Request) -> JSONResponse:
    word, status = await run_in_threadpool(state)
    return JSONResponse({"status": word}, status, headers={"cache-control": "no-store"})


routes = [Route("/healthz", _answer, methods=["GET", "HEAD"])]
