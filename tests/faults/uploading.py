"""A visitor who drops files on the page Load, as the browser does: ask for addresses, send the files there, tell the page."""

from __future__ import annotations

import time
import urllib.request
import uuid
from http.cookies import SimpleCookie
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileUploaderState, UploadedFileInfo
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.sessions import PageError, Visitor

LOAD = "Load as the extract of"


class Loader(Visitor):
    """`bring(files)` until the page offers to load them, `press()`, `until("is now current")`."""

    @property
    def text(self) -> str:
        """As a person reads it, without the signs that keep Markdown from taking data for markup."""
        return super().text.replace("\\", "")

    def bring(self, files: list[Path], until: str = LOAD) -> None:
        self.open("load")
        element = self._find("Spreadsheets", {"file_uploader"})
        request = BackMsg()
        request.file_urls_request.request_id = uuid.uuid4().hex
        request.file_urls_request.file_names.extend(path.name for path in files)
        self._socket.send(request.SerializeToString())
        while True:
            message = ForwardMsg.FromString(self._socket.recv(timeout=30))
            if message.WhichOneof("type") == "file_urls_response":
                break
        state = FileUploaderState()
        for path, urls in zip(files, message.file_urls_response.file_urls, strict=True):
            self._send(path, urls.upload_url)
            state.uploaded_file_info.append(UploadedFileInfo(name=path.name, size=path.stat().st_size, file_id=urls.file_id, file_urls=urls))
        self._values[element.id] = WidgetState(id=element.id, file_uploader_state_value=state)
        self._request(self._state())
        self.until(until)

    def press(self) -> None:
        self.click(LOAD)

    def until(self, words: str, seconds: float = 60) -> None:
        """Looks again and again, as the page itself does while something is under way."""
        end = time.monotonic() + seconds
        while words not in self.text:
            if time.monotonic() > end:
                raise PageError(f"“{words}” doesn't come; there is:\n{self.text[-1500:]}")
            time.sleep(0.1)
            self.rerun()

    def _send(self, path: Path, address: str) -> None:
        with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=30) as answer:
            jar = SimpleCookie(answer.headers.get("Set-Cookie", ""))
        token = jar["_streamlit_xsrf"].value if "_streamlit_xsrf" in jar else ""
        mark = uuid.uuid4().hex
        body = b"".join((
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode(),
            path.read_bytes(), f"\r\n--{mark}--\r\n".encode(),
        ))  # fmt: skip
        headers = {"Content-Type": f"multipart/form-data; boundary={mark}", "X-Xsrftoken": token, "Cookie": "; ".join(f"{name}={value}" for name, value in (dict(self.cookies) | {"_streamlit_xsrf": token}).items())}
        urllib.request.urlopen(urllib.request.Request(f"{self.url}{address}", body, headers, method="PUT"), timeout=30).close()
