"""What benches in a browser share: a folder served as a host serves it, and a Chromium that asks no other host."""

import contextlib
import gzip
import http.server
import shutil
import sys
import threading
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --no-proxy-server"
).split()
# Every other host is unknown, so that a request to it fails at once, with or without a network.
FLAGS.append("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")

PACKED = (".png", ".jpg", ".woff", ".woff2", ".zip", ".apkg")
"""Files that are compressed already: no host packs them again."""


@cache
def packed(path: Path) -> bytes:
    """The file as it goes over the wire: text by gzip at the level that most hosts use."""
    content = path.read_bytes()
    return content if path.suffix in PACKED else gzip.compress(content, compresslevel=6, mtime=0)


class Host(http.server.SimpleHTTPRequestHandler):
    """Sends gzip, keeps connections alive and lets browsers keep what they got, as common hosts of static files do."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave together, or the body would wait for an acknowledgement of the headers
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {
        ".mjs": "text/javascript",
        ".woff": "font/woff",
        ".woff2": "font/woff2",
    }

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            return self.send_error(404)
        content = packed(path)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "max-age=600")
        if path.suffix not in PACKED:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Say nothing: the table is the output."""


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128  # of the usual five, a browser that opens six connections at once may lose one for seconds

    def handle_error(self, *request: object) -> None:
        """Tell of what went wrong, unless a browser has left in the middle of it."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*request)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address, with a slash at its end, at which the folder is served."""
    with Server(("127.0.0.1", 0), partial(Host, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Headless Chromium."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        raise SystemExit(
            "this bench needs Chromium or Chrome on the PATH: on Debian and Ubuntu apt-get install chromium"
        )
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()
