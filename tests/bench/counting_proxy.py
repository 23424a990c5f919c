"""A reverse proxy on loopback that counts the AWS operations going through it, by name.

It hands every byte on as it comes, over one connection to the server for each of a client's, and
reads along only to find where a request begins.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from urllib.parse import unquote_plus

HEAD_END = b"\r\n\r\n"
# As much of a form's beginning as holds its `Action`.
FORM = 64 * 1024


def operation(head: bytes, body: bytes) -> str:
    """Names a request: by its target, its form's action, or service, method and path."""
    text = head.decode("latin-1")
    if target := re.search(r"^x-amz-target: *\S*?(\w+)\s*$", text, re.IGNORECASE | re.MULTILINE):
        return target[1]
    method, path = text.split(" ", 2)[:2]
    if rpc := re.match(r"/service/\w+/operation/(\w+)", path):
        return rpc[1]
    if action := re.search(r"(?:^|[?&])Action=(\w+)", unquote_plus(body.decode("latin-1"))):
        return action[1]
    scope = re.search(r"Credential=[^/]+/\d+/[\w-]+/([\w-]+)/", text)
    parts = [part for part in path.split("?")[0].split("/") if part]
    query = re.match(r"[^?]*\?([\w-]+)", path)
    shape = "/".join("…" for _ in parts) + (f"?{query[1]}" if query else "")
    return f"{scope[1] if scope else 'unsigned'} {method} /{shape}"


class Reader:
    """Finds the requests in what one connection sends."""

    def __init__(self, counts: Counter[str]) -> None:
        """Takes where requests are counted."""
        self.counts = counts
        self.buffer = b""
        self.head = b""
        self.left = 0
        self.form = b""
        self.chunked = False

    def feed(self, data: bytes) -> None:
        """Reads along."""
        self.buffer += data
        while self.buffer:
            if not (self.body() if self.head else self.begin()):
                return

    def begin(self) -> bool:
        """Reads a request's head; says whether there was a whole one."""
        end = self.buffer.find(HEAD_END)
        if end < 0:
            return False
        self.head, self.buffer = self.buffer[: end + 2], self.buffer[end + len(HEAD_END) :]
        length = re.search(rb"^content-length: *(\d+)", self.head, re.IGNORECASE | re.MULTILINE)
        self.chunked = bool(
            re.search(rb"^transfer-encoding: *chunked", self.head, re.IGNORECASE | re.MULTILINE)
        )
        self.left, self.form = int(length[1]) if length else 0, b""
        if not self.left and not self.chunked:
            self.done()
        return True

    def body(self) -> bool:
        """Reads some of a request's body; says whether there was any."""
        if self.chunked:
            end = self.buffer.find(b"0" + HEAD_END)
            if end < 0:
                return False
            self.buffer = self.buffer[end + 5 :]
            self.done()
            return True
        taken, self.buffer = self.buffer[: self.left], self.buffer[self.left :]
        self.left -= len(taken)
        self.form = (self.form + taken)[:FORM]
        if not self.left:
            self.done()
        return True

    def done(self) -> None:
        """Counts a request."""
        self.counts[operation(self.head, self.form)] += 1
        self.head = b""


class CountingProxy:
    """The proxy, on a thread of its own."""

    def __init__(self, port: int) -> None:
        """Starts it in front of a server's port."""
        self.counts: Counter[str] = Counter()
        self.upstream = port
        self.port = 0
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait()

    @property
    def url(self) -> str:
        """Its own URL."""
        return f"http://127.0.0.1:{self.port}"

    def take(self) -> Counter[str]:
        """Returns what was counted since the last time."""
        taken, copy = self.counts, self.counts.copy()
        taken.clear()
        return copy

    def run(self, ready: threading.Event) -> None:
        """Serves for ever."""
        asyncio.run(self.serve(ready))

    async def serve(self, ready: threading.Event) -> None:
        """Listens on a free port."""
        server = await asyncio.start_server(self.connection, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await server.serve_forever()

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hands the bytes of one connection on, both ways."""
        there, back = await asyncio.open_connection("127.0.0.1", self.upstream)
        requests = Reader(self.counts)
        await asyncio.gather(hand_on(reader, back, requests), hand_on(there, writer, None))


async def hand_on(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, requests: Reader | None
) -> None:
    """Hands bytes on until one side closes."""
    try:
        while data := await source.read(64 * 1024):
            if requests:
                requests.feed(data)
            sink.write(data)
            await sink.drain()
    except ConnectionError:
        pass  # A client that was done with its connection.
    finally:
        sink.close()
