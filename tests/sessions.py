"""Visitors without a browser: the app on a port of its own, and any number of sessions that speak Streamlit's own protocol with it.

A visitor opens a page, waits until its script is done, says what stands on it, clicks, and measures the time from the click to the
end of the script: what a browser would wait for, less its drawing. What a load test must assert is what is on the page and whose it is:
"finished without error" was once 60 pages of exceptions, so every run that shows an error raises, unless it is told not to.

    with serve(store, tmp_path / "log.txt") as server, Visitor(server.url) as visitor:
        visitor.open("worklist", team="North")
        assert visitor.title == "Worklist"
        visitor.click("Clear all")              # a button, by its words or its key
        visitor.choose("Teams", ["North"])      # any other widget
        visitor.follow("Teams")                 # a link to a page
        assert "North" in visitor.text
        visitor.last.seconds

The protocol is Streamlit 1.67's: protobuf over `/_stcore/stream` (BackMsg to the server, ForwardMsg from it). Blocking: one thread a visitor.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import psutil
import pyarrow as pa
from google.protobuf.message import Message
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60.0  # seconds until a page that doesn't finish is an error

# Which field of WidgetState a kind of widget reports its value in, as the browser does.
VALUE = {
    "checkbox": "bool_value", "selectbox": "string_value", "radio": "string_value", "text_input": "string_value", "text_area": "string_value",
    "time_input": "string_value", "multiselect": "string_array_value", "button_group": "string_array_value", "date_input": "string_array_value",
    "number_input": "double_value", "slider": "double_array_value", "dataframe": "string_value", "plotly_chart": "string_value", "pagination": "int_value",
}  # fmt: skip
# Fields that are no words for people.
NOT_SAID = {"id", "form_id", "page_script_hash", "element_id", "url", "icon", "config", "theme", "columns", "type", "styles", "uuid", "fragment_id"}


# -- the server


@dataclass(frozen=True)
class Server:
    url: str
    process: subprocess.Popen
    log: Path

    def memory(self) -> int:
        """Bytes that the server and the processes it started hold in memory now (what they share is counted in each)."""
        total = 0
        for process in self.processes():
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total

    def processes(self) -> list[psutil.Process]:
        main = psutil.Process(self.process.pid)
        return [main, *main.children(recursive=True)]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def serve(
    store: Path | None, log: Path, *, script: Path | str = "app.py", options: Sequence[str] = (), environ: Mapping[str, str] | None = None, wait: bool = True,
    port: int | None = None,
) -> Iterator[Server]:  # fmt: skip
    """`streamlit run script` on a free port of this computer, in the project's folder, until the block ends. `wait`: until it answers."""
    port = port or free_port()
    env = os.environ | ({"CPM_STORE": str(store)} if store else {}) | dict(environ or {})
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port), *options], cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        server = Server(f"http://127.0.0.1:{port}", process, log)
        if wait:
            until_it_answers(server)
        yield server
    finally:
        children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        for child in children:
            if child.is_running():
                child.kill()


def until_it_answers(server: Server, seconds: float = 30) -> None:
    """Returns when the server is up. A RuntimeError with its log when it stops or stays silent."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"the app does not answer:\n{server.log.read_text()}")


# -- a visitor


class PageError(AssertionError):
    """The page shows an exception or an error message, isn't there, or didn't finish."""


@dataclass
class Run:
    """One run of the script, from the request to its end."""

    seconds: float = 0.0
    first: float = 0.0  # seconds until the first element
    bytes: int = 0
    messages: int = 0
    scripts: int = 0  # more than one where the page started itself again (st.rerun, st.switch_page)


@dataclass
class _Shown:
    element: Element
    run: int
    fragment: str


@dataclass
class Visitor:
    """One browser tab. `origin` and `host` are those of `url` by default; `origin=None` sends none. `keep_frames` keeps every frame received."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    origin: str | None = "same"
    host: str | None = None
    keep_frames: bool = False
    timezone: str = "Europe/London"
    strict: bool = True  # a run that shows an error raises PageError
    patience: float = PATIENCE

    def __post_init__(self) -> None:
        self.frames: list[bytes] = []
        self.runs: list[Run] = []
        self.query = ""
        self.page = ""  # the page's script hash, from the server
        self.session = ""
        self._socket: ClientConnection | None = None
        self._open = ExitStack()
        self._shown: dict[tuple[int, ...], _Shown] = {}
        self._values: dict[str, WidgetState] = {}
        self._cached: dict[str, ForwardMsg] = {}
        self._number = 0
        self._problems: list[str] = []
        self.links: list[tuple[str, str]] = []  # (url path, page_script_hash) of the app's pages

    def __enter__(self) -> Visitor:
        self.connect()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connect(self) -> None:
        """Opens the WebSocket; websockets.exceptions.InvalidStatus when the server refuses it (a forbidden Origin or Host)."""
        parts = urlsplit(self.url)
        origin = f"{parts.scheme}://{parts.netloc}" if self.origin == "same" else self.origin
        jar = SimpleCookie(dict(self.cookies))
        headers = dict(self.headers)
        if jar:
            headers["Cookie"] = "; ".join(f"{name}={morsel.coded_value}" for name, morsel in jar.items())
        # The browser puts the XSRF token in the list of subprotocols; with it the server reads the sign-in cookie.
        protocols = ["streamlit", *([self.cookies["_streamlit_xsrf"]] if "_streamlit_xsrf" in self.cookies else [])]
        scheme = "wss" if parts.scheme == "https" else "ws"
        opening = connect(
            f"{scheme}://{self.host or parts.netloc}{parts.path.rstrip('/')}/_stcore/stream", address=(parts.hostname, parts.port or 80), origin=origin,
            additional_headers=headers, subprotocols=protocols, max_size=None, compression=None, open_timeout=PATIENCE, close_timeout=2, proxy=None,
        )  # fmt: skip
        self._socket = self._open.enter_context(opening)

    def close(self) -> None:
        self._socket = None
        self._open.close()

    # -- what a person does

    def open(self, path: str = "", **words: Any) -> Run:
        """The page at an address, as a new tab does: `open("child", child="0012", as_at="2026-03-31")`; `_` stands for `-`."""
        self.query = urlencode({name.replace("_", "-"): value for name, value in words.items()}, doseq=True)
        self._shown.clear()
        self._values.clear()
        return self._request(ClientState(page_name=path.strip("/"), query_string=self.query))

    def rerun(self) -> Run:
        """The same page once more, nothing changed."""
        return self._request(self._state())

    def click(self, name: str) -> Run:
        """A button, by its key or by words of its label."""
        element = self._find(name, {"button", "download_button"})
        return self._widget(element.id, fragment=self._fragment(element.id), trigger_value=True)

    def choose(self, name: str, value: Any) -> Run:
        """Any other widget, by its key or by words of its label, to `value` (dates as "2026/11/20", lists as lists)."""
        element = self._find(name, set(VALUE))
        kind = next(kind for kind in VALUE if Element.DESCRIPTOR.fields_by_name[kind].message_type is element.DESCRIPTOR)
        return self._widget(element.id, fragment=self._fragment(element.id), **{VALUE[kind]: value})

    def follow(self, name: str) -> Run:
        """A link to a page, by its words."""
        link = self._find(name, {"page_link"})
        self.query = link.query_string
        return self._request(ClientState(page_script_hash=link.page_script_hash, query_string=self.query))

    def link_of(self, name: str) -> str:
        """Where the file of a download button is, made for this visitor as at the click; PageError where it isn't made."""
        button = self._find(name, {"download_button"})
        asked = BackMsg()
        asked.backend_operation_request.request_id = "1"
        asked.backend_operation_request.session_id = self.session
        asked.backend_operation_request.deferred_file.file_id = button.deferred_file_id
        self._socket.send(asked.SerializeToString())
        while True:
            frame = self._socket.recv(timeout=PATIENCE)
            if self.keep_frames:
                self.frames.append(frame)
            answer = ForwardMsg.FromString(frame)
            if answer.WhichOneof("type") == "backend_operation_response":
                if answer.backend_operation_response.error_msg:
                    raise PageError(f"{button.label}: {answer.backend_operation_response.error_msg}")
                return self.url + answer.backend_operation_response.deferred_file.url

    def fetch(self, link: str, method: str = "GET") -> tuple[int, bytes]:
        """(HTTP status, what came) of a link, with this visitor's cookies."""
        jar = SimpleCookie(dict(self.cookies))
        request = urllib.request.Request(link, headers={"Cookie": "; ".join(f"{name}={morsel.coded_value}" for name, morsel in jar.items())} if jar else {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()

    def take(self, name: str) -> bytes:
        """The file of a download button."""
        status, content = self.fetch(self.link_of(name))
        if status != 200:
            raise PageError(f"{name}: {status}")
        return content

    @property
    def downloads(self) -> list[str]:
        """The labels of the download buttons on the page that can be clicked."""
        return [element.download_button.label for element in self.elements if element.WhichOneof("type") == "download_button" and not element.download_button.disabled]

    @property
    def download_ids(self) -> list[str]:
        """The same, by what tells each from the others: several have one label."""
        return [element.download_button.id for element in self.elements if element.WhichOneof("type") == "download_button" and not element.download_button.disabled]

    # -- what stands on the page

    @property
    def last(self) -> Run:
        return self.runs[-1]

    @property
    def elements(self) -> list[Element]:
        """In the order of the page: main part, sidebar."""
        return [self._shown[path].element for path in sorted(self._shown)]

    @property
    def text(self) -> str:
        """Every word on the page, tables included: a line each."""
        return "\n".join(line for element in self.elements for line in words(element))

    @property
    def title(self) -> str:
        """The page's first heading."""
        return next((element.heading.body for element in self.elements if element.WhichOneof("type") == "heading" and element.heading.tag == "h1"), "")

    @property
    def errors(self) -> list[str]:
        """Exceptions and error messages on the page, and a page that isn't there."""
        found = list(self._problems)
        for element in self.elements:
            kind = element.WhichOneof("type")
            if kind == "exception" and not element.exception.is_warning:
                found.append(f"{element.exception.type}: {element.exception.message}")
            elif kind == "alert" and element.alert.format == Alert.ERROR:
                found.append(element.alert.body)
        return found

    # -- the protocol

    def _state(self) -> ClientState:
        return ClientState(page_script_hash=self.page, query_string=self.query)

    def _widget(self, ident: str, *, fragment: str = "", **value: Any) -> Run:
        state = WidgetState(id=ident)
        ((name, given),) = value.items()
        if name.endswith("array_value"):
            getattr(state, name).data.extend(given)
        else:
            setattr(state, name, given)
        request = self._state()
        request.fragment_id = fragment
        if "trigger" in name:
            return self._request(request, state)
        self._values[ident] = state
        return self._request(request)

    def _request(self, state: ClientState, trigger: WidgetState | None = None) -> Run:
        assert self._socket is not None, "connect first"
        state.widget_states.widgets.extend([*self._values.values(), *([trigger] if trigger else [])])
        state.cached_message_hashes.extend(self._cached)
        state.context_info.timezone = self.timezone
        state.context_info.locale = "en-GB"
        state.context_info.url = self.url
        state.context_info.color_scheme = "light"
        run = Run()
        self._problems = []
        begin = time.perf_counter()
        self._socket.send(BackMsg(rerun_script=state).SerializeToString())
        while not self._take(run, begin):
            if time.perf_counter() - begin > self.patience:
                raise PageError(f"not finished after {self.patience:.0f} seconds")
        run.seconds = time.perf_counter() - begin
        self.runs.append(run)
        if self.strict and self.errors:
            raise PageError("\n".join(self.errors))
        return run

    def _take(self, run: Run, begin: float) -> bool:
        """One message. -> whether the script is done."""
        try:
            frame = self._socket.recv(timeout=self.patience)
        except TimeoutError:
            raise PageError(f"nothing came for {self.patience:.0f} seconds") from None
        run.bytes += len(frame)
        run.messages += 1
        if self.keep_frames:
            self.frames.append(frame)
        message = ForwardMsg.FromString(frame)
        kind = message.WhichOneof("type")
        if kind == "ref_hash":  # the server knows that this visitor has it already
            path, message = tuple(message.metadata.delta_path), self._cached[message.ref_hash]
            self._show(path, message)
        elif kind == "delta":
            run.first = run.first or time.perf_counter() - begin
            if message.metadata.cacheable:
                self._cached[message.hash] = message
            self._show(tuple(message.metadata.delta_path), message)
        elif kind == "new_session":
            self._number += 1
            run.scripts += 1
            self.page = message.new_session.page_script_hash
            self.session = message.new_session.initialize.session_id
        elif kind == "navigation":
            self.page = message.navigation.page_script_hash or self.page
            self.links = [(page.url_pathname, page.page_script_hash) for page in message.navigation.app_pages]
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "page_not_found":
            self._problems.append(f"Page not found: {message.page_not_found.page_name}")
        elif kind == "session_event" and message.session_event.HasField("script_compilation_exception"):
            self._problems.append(message.session_event.script_compilation_exception.message)
        elif kind == "script_finished":
            status = message.script_finished
            if status == ForwardMsg.FINISHED_SUCCESSFULLY:
                self._shown = {path: shown for path, shown in self._shown.items() if shown.run == self._number}
                return True
            if status == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY:
                ran = set(message.metadata.run.fragment_ids)
                self._shown = {path: shown for path, shown in self._shown.items() if shown.run == self._number or shown.fragment not in ran}
                return True
            if status == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                raise PageError("the script has an error of syntax")
        return False  # a page that starts itself again finishes early first

    def _show(self, path: tuple[int, ...], message: ForwardMsg) -> None:
        if message.delta.WhichOneof("type") == "new_element":
            self._shown[path] = _Shown(message.delta.new_element, self._number, message.delta.fragment_id)
        elif message.delta.WhichOneof("type") == "add_block":
            self._shown.pop(path, None)

    def _find(self, name: str, kinds: set[str]) -> Message:
        """The one widget of these kinds with this key, else the first with these words in its label."""
        found = [getattr(element, kind) for element in self.elements if (kind := element.WhichOneof("type")) in kinds]
        by_key = [one for one in found if getattr(one, "id", "") == name or getattr(one, "id", "").endswith(f"-{name}")]
        by_label = [one for one in found if name in getattr(one, "label", "")]
        exact = [one for one in by_label if one.label == name]
        for several in (by_key, exact, by_label):
            if several:
                return several[0]
        raise PageError(f"no {' or '.join(sorted(kinds))} {name!r} on “{self.title}”; there are {[getattr(one, 'label', '') for one in found]}")

    def _fragment(self, ident: str) -> str:
        for shown in self._shown.values():
            element = getattr(shown.element, shown.element.WhichOneof("type"))
            if getattr(element, "id", None) == ident:
                return shown.fragment
        return ""


def words(element: Element) -> list[str]:
    """What an element says to people: its texts, and every cell of its table."""
    kind = element.WhichOneof("type")
    if kind is None or kind == "html":  # our own style rules
        return []
    return list(_said(getattr(element, kind)))


def _said(message: Message) -> Iterator[str]:
    for about, value in message.ListFields():
        if about.name in NOT_SAID:
            continue
        if about.message_type is not None:
            if about.message_type.GetOptions().map_entry:
                continue
            if about.is_repeated:
                for part in value:
                    yield from _said(part)
            elif about.message_type.name == "ArrowData":
                yield from _cells(value.data)
            else:
                yield from _said(value)
        elif about.type == about.TYPE_STRING:
            yield from value if about.is_repeated else [value]


def _cells(data: bytes) -> Iterator[str]:
    if not data:
        return
    table = pa.ipc.open_stream(data).read_all()
    for row in table.to_pylist():
        yield " | ".join("" if cell is None else str(cell) for cell in row.values())
