"""A browser without a screen: one session of the app over Streamlit's WebSocket, which keeps what a browser keeps, and
times and weighs what comes back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect
from websockets.typing import Subprotocol

PATIENCE = 120.0  # seconds for one run of a script
_ANEW = ForwardMsg.FINISHED_EARLY_FOR_RERUN  # another run follows at once
_LARGEST = 200 * 2**20  # bytes of a message, as a browser takes it


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a page's script, from what was sent until it said that it has finished."""

    seconds: float
    moved: int  # bytes from the server
    weights: dict[str, int] = field(default_factory=dict)  # bytes by kind of element


class NotThere(Exception):
    """The page has no such field or button, or an error stands on it; its text is the message."""


class Session:
    """One browser tab. A field or button is named by its key, or by how its label begins."""

    def __init__(self, url: str) -> None:
        self._open = ExitStack()
        self._socket = self._open.enter_context(
            connect(
                url.replace("http", "ws", 1) + "/_stcore/stream",
                subprotocols=[Subprotocol("streamlit")],
                max_size=_LARGEST,
                compression=None,
                ping_interval=None,
                proxy=None,
            )
        )
        self._typed: dict[str, WidgetState] = {}  # by widget id
        self._page, self._path = "", ""
        self.query = ""
        self._kept: dict[str, ForwardMsg] = {}  # messages a browser keeps, by hash
        self._used: dict[str, int] = {}  # the run they were last used in
        self._runs, self._age = 0, 2
        self._elements: dict[tuple[int, ...], Delta] = {}
        self._shown: set[tuple[int, ...]] = set()
        self.pages: tuple[str, ...] = ()  # whom this user's menu offers
        self.fragments: set[str] = set()  # which run by themselves

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._open.close()

    def visit(self, path: str, query: str = "") -> Run:
        """Open a page by its path, as from the menu."""
        self._page, self._path, self.query = "", path, query
        return self._run()

    def again(self) -> Run:
        """Run the page anew, nothing changed."""
        return self._run()

    def tick(self) -> Run:
        """Run one part of the page that runs by itself."""
        return self._run(fragment=min(self.fragments))

    def type(self, name: str, text: str) -> Run:
        """Type into a field, and leave it."""
        self.put(name, string_value=text)
        return self._run()

    def choose(self, name: str, option: str) -> Run:
        """Choose one of several that stand side by side."""
        state = WidgetState(id=self.find(name).id)
        state.string_array_value.data.append(option)
        self._typed[state.id] = state
        return self._run()

    def put(self, name: str, **value: Any) -> None:
        """Change a field, and send it with the next run."""
        found = self.find(name).id
        self._typed[found] = WidgetState(id=found, **value)

    def click(self, name: str) -> Run:
        """Press a button. One inside a fragment, as in a dialog, runs that alone."""
        path, found = self._place(name)
        if found.disabled:
            raise NotThere(f"{name} cannot be pressed. {self.complaint()}")
        self._typed[found.id] = WidgetState(id=found.id, trigger_value=True)
        try:
            return self._run(fragment=self._elements[path].fragment_id)
        finally:
            self._typed.pop(found.id, None)

    def find(self, name: str) -> Any:
        """The field or button of this name."""
        return self._place(name)[1]

    def names(self, beginning: str) -> list[str]:
        """The keys of fields and buttons that begin so."""
        return [widget.id.split("-", 2)[-1] for _, widget in self._widgets() if _key(widget.id).startswith(beginning)]

    def text(self) -> str:
        """Headings and paragraphs of the page."""
        parts = []
        for delta in self._elements.values():
            element = delta.new_element
            kind = element.WhichOneof("type")
            if kind in ("markdown", "alert", "heading", "text"):
                parts.append(getattr(getattr(element, kind), "body", ""))
        return "\n".join(parts)

    def complaint(self) -> str:
        """What the page says that is wrong; where nothing is, what it asks for."""
        alerts = [delta.new_element.alert for delta in self._elements.values() if delta.new_element.HasField("alert")]
        wrong = [alert.body for alert in alerts if alert.format == alert.ERROR]
        return " ".join(wrong or [alert.body for alert in alerts])

    def written_cookie(self) -> Run | None:
        """Answer the component that writes the cookie of a sign-in, as it does in a browser; None when there is none
        to be written."""
        for delta in self._elements.values():
            found = delta.new_element.component_instance
            if found.id and json.loads(found.json_args).get("method") == "set":
                self._typed[found.id] = WidgetState(id=found.id, json_value="true")
                return self._run()
        return None

    def _widgets(self) -> Iterable[tuple[tuple[int, ...], Any]]:
        for path, delta in self._elements.items():
            kind = delta.new_element.WhichOneof("type")
            widget = getattr(delta.new_element, kind) if kind else None
            if getattr(widget, "id", ""):
                yield path, widget

    def _place(self, name: str) -> tuple[tuple[int, ...], Any]:
        there = list(self._widgets())
        for path, widget in there:
            if _key(widget.id) == name:
                return path, widget
        for path, widget in there:
            if getattr(widget, "label", "").startswith(name):
                return path, widget
        raise NotThere(f"No {name} on /{self._path}. {self.complaint() or self.text()[:300]}")

    def _run(self, fragment: str = "") -> Run:
        state = ClientState(query_string=self.query, page_script_hash=self._page, page_name=self._path)
        state.fragment_id = fragment
        state.cached_message_hashes.extend(self._kept)
        state.widget_states.widgets.extend(self._typed.values())
        if not fragment:
            self.fragments.clear()  # another page has others, and its run names them
        start, moved, weights = perf_counter(), 0, dict[str, int]()
        self._socket.send(BackMsg(rerun_script=state).SerializeToString())
        while True:
            received = self._socket.recv(PATIENCE)
            assert isinstance(received, bytes)
            message = ForwardMsg.FromString(received)
            moved += len(received)
            kind = self._take(message)
            weights[kind] = weights.get(kind, 0) + len(received)
            if kind == "script_finished" and message.script_finished != _ANEW:
                break
        seconds = perf_counter() - start
        self._settle(whole=not fragment)
        return Run(seconds, moved, weights)

    def _take(self, message: ForwardMsg) -> str:
        """Take over a message; what kind of message, or of element, it is."""
        kind: str = message.WhichOneof("type") or ""
        if kind == "new_session":
            self._page, self._age = (
                message.new_session.page_script_hash,
                message.new_session.config.max_cached_message_age,
            )
            self._shown = set()
        elif kind == "navigation":
            self._page = message.navigation.page_script_hash
            self.pages = tuple(page.url_pathname for page in message.navigation.app_pages if not page.is_hidden)
            paths = {page.page_script_hash: page.url_pathname for page in message.navigation.app_pages}
            self._path = paths.get(self._page, self._path)
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            self.fragments.add(message.auto_rerun.fragment_id)
        elif kind == "ref_hash":
            self._show(tuple(message.metadata.delta_path), self._kept[message.ref_hash].delta)
            self._used[message.ref_hash] = self._runs
        elif kind == "delta":
            if message.metadata.cacheable:
                self._kept[message.hash], self._used[message.hash] = message, self._runs
            self._show(tuple(message.metadata.delta_path), message.delta)
            kind = message.delta.new_element.WhichOneof("type") or "container"
        return kind

    def _show(self, path: tuple[int, ...], delta: Delta) -> None:
        self._elements[path] = delta
        self._shown.add(path)
        written = delta.new_element.text_input
        if written.set_value:  # the page has put something into the field, in place of what was typed
            self._typed[written.id] = WidgetState(id=written.id, string_value=written.value)

    def _settle(self, whole: bool) -> None:
        """Drop what the page does not show any more, and what a browser would not keep longer."""
        self._runs += 1
        if whole:
            self._elements = {path: delta for path, delta in self._elements.items() if path in self._shown}
            there = {widget.id for _, widget in self._widgets()}
            self._typed = {found: state for found, state in self._typed.items() if found in there}
        for old in [found for found, run in self._used.items() if self._runs - run > self._age]:
            del self._kept[old], self._used[old]


def _key(widget_id: str) -> str:
    """The key in a widget's id, which is $$ID-hash-key."""
    return widget_id.split("-", 2)[-1] if widget_id.startswith("$$ID") else ""
