"""A real HTTP server with a feed that can be slow, fail, refuse and cut off."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FeedSite:
    """`files` by name; `faults` by name: slow, drip, cut, chunk_cut, huge, or a status; `asked` are the requests."""

    url: str = ""
    files: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], int]] = field(default_factory=list)
    token: str = ""

    def content(self, name: str) -> bytes | None:
        """What lies under a name; the index lists the files unless it is a file of its own."""
        if name == "index.json" and name not in self.files:
            return json.dumps(sorted(self.files)).encode()
        text = self.files.get(name)
        return text.encode() if text is not None else None


@contextmanager
def feed_site() -> Iterator[FeedSite]:
    """A site on a free port of this machine."""
    site = FeedSite()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_arguments: Any) -> None:
            pass

        def do_GET(self) -> None:
            name = self.path.lstrip("/")
            fault, body = site.faults.get(name, ""), site.content(name)
            tag = f'"{hash(body)}"'
            status = 200 if body is not None else 404
            if site.token and self.headers.get("Authorization") != f"Bearer {site.token}":
                status = 401
            elif fault.isdigit():
                status = int(fault)
            elif body is not None and self.headers.get("If-None-Match") == tag:
                status = 304
            site.asked.append((name, dict(self.headers), status))
            self.answer(status, body or b"", tag, fault)

        def answer(self, status: int, body: bytes, tag: str, fault: str) -> None:
            if fault == "slow":
                time.sleep(1.5)
            self.close_connection = True
            self.send_response(status)
            if status != 200:
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_header("ETag", tag)
            if fault == "chunk_cut":
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"%x\r\n" % len(body) + body[: len(body) // 2])
                return
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if fault == "drip":
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(0.2)
            else:
                self.wfile.write(body[: len(body) // 2] if fault == "cut" else body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_arguments: None  # type: ignore[method-assign]  # a client that hangs up is meant
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
