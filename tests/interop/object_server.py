"""What the object stores of the tests share: objects in memory behind HTTP in this process, faults.

A service is a Handler with on_get, on_put and so on, called with the lock held, and with its own
form of errors. Faults are for the next creations with a precondition.
"""

from __future__ import annotations

import hashlib
import ssl
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape


@dataclass
class Faults:
    """How many of the next creations with a precondition each thing happens to."""

    lose_reply: int = 0  # done, and the connection closed without an answer
    conflict: int = 0  # 409, nothing done
    busy: int = 0  # 503, nothing done
    ignore_preconditions: bool = False  # as services do that do not know them


@dataclass
class Stored:
    data: bytes
    modified: float = field(default_factory=time.time)

    @property
    def etag(self) -> str:
        return '"' + hashlib.md5(self.data).hexdigest() + '"'

    @property
    def http_date(self) -> str:
        return formatdate(self.modified, usegmt=True)

    @property
    def iso_date(self) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(self.modified))


class RequestError(Exception):
    def __init__(self, status: int, code: str, message: str = ""):
        super().__init__(message or code)
        self.status, self.code, self.message = status, code, message or code


class ObjectServer:
    """Use as a context manager; `buckets` maps names to objects by key."""

    handler: type[Handler]

    def __init__(self, buckets=("bucket",), certificate: Path | None = None):
        self.buckets: dict[str, dict[str, Stored]] = {name: {} for name in buckets}
        self.faults = Faults()
        self.counts: Counter[str] = Counter()  # of creations by what became of them
        self.requests: list[str] = []  # "PUT /bucket/key", the query left out
        self.uploads: dict[str, dict] = {}
        self.upload_ids = (f"upload{number}" for number in count())
        self.lock = threading.RLock()
        handler = type("Handler", (self.handler,), {"service": self})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.http.shutdown()
        self.http.server_close()

    @property
    def endpoint(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def names(self, bucket: str = "bucket", prefix: str = "") -> list[str]:
        with self.lock:
            return sorted(key for key in self.buckets[bucket] if key.startswith(prefix))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    service: ObjectServer

    def log_message(self, *_):
        pass

    def handle_request(self):
        self.reply, self.loses_reply = None, False
        try:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if "chunked" in self.headers.get("Transfer-Encoding", ""):
                body = self.read_chunked()
            self.url = urlsplit(self.path)
            self.query = dict(parse_qsl(self.url.query, keep_blank_values=True))
            bucket, key = self.target(self.url.path)
            body = self.check(bucket, body)
            with self.service.lock:
                self.service.requests.append(f"{self.command} {unquote(self.url.path)}")
                objects = self.service.buckets.get(bucket)
                if objects is None:
                    raise RequestError(404, self.no_bucket, f"no bucket {bucket}")
                method = getattr(self, "on_" + self.command.lower(), None)
                if method is None:
                    raise RequestError(501, "NotImplemented", self.command)
                method(objects, key, body)
        except RequestError as error:
            self.answer_error(error)
        # Without the lock: a client may take its time to read.
        with suppress(ConnectionError):
            self.send_reply()

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = do_PATCH = handle_request

    no_bucket = "NoSuchBucket"

    def target(self, path: str) -> tuple[str, str]:
        """Bucket and key of the path."""
        bucket, _, key = unquote(path)[1:].partition("/")
        return bucket, key

    def check(self, bucket: str, body: bytes) -> bytes:
        """The body without what its transport wraps around it; an error unless it is signed."""
        return body

    def answer_error(self, error: RequestError) -> None:
        raise NotImplementedError

    def read_chunked(self) -> bytes:
        out = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            out += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return out

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.reply = status, body, headers

    def send_reply(self) -> None:
        if self.loses_reply:
            self.close_connection = True
            return
        status, body, headers = self.reply
        self.send_response(status)
        length = headers.pop("Content_Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def create(
        self, objects: dict[str, Stored], key: str, data: bytes, only_if_absent: bool
    ) -> None:
        """Store the object; with a precondition, as the faults allow."""
        faults, counts = self.service.faults, self.service.counts
        if only_if_absent and not faults.ignore_preconditions:
            if faults.conflict > 0:
                faults.conflict -= 1
                counts["conflict"] += 1
                raise RequestError(409, "ConditionalRequestConflict")
            if faults.busy > 0:
                faults.busy -= 1
                counts["busy"] += 1
                raise RequestError(503, "SlowDown", "Please reduce your request rate.")
            if key in objects:
                counts["exists"] += 1
                self.refuse_existing()
        objects[key] = Stored(data)
        if only_if_absent:
            counts["created"] += 1
            if faults.lose_reply > 0:
                faults.lose_reply -= 1
                self.loses_reply = True

    def refuse_existing(self) -> None:
        raise RequestError(412, "PreconditionFailed", "there is an object")

    def answer_object(self, stored: Stored, **headers: str) -> None:
        """The object, or the range of it that is asked for; with HEAD the headers alone."""
        headers |= {
            "ETag": stored.etag,
            "Last_Modified": stored.http_date,
            "Accept_Ranges": "bytes",
            "Content_Type": "application/octet-stream",
        }
        size = len(stored.data)
        wanted = self.headers.get("Range") or self.headers.get("x-ms-range")
        if self.command == "HEAD":
            self.answer(200, Content_Length=str(size), **headers)
        elif wanted is None:
            self.answer(200, stored.data, **headers)
        else:
            first, last = wanted.removeprefix("bytes=").split("-")
            begin = int(first) if first else max(0, size - int(last))
            end = min(int(last), size - 1) if first and last else size - 1
            if begin >= size:
                raise RequestError(416, "InvalidRange", wanted)
            headers["Content_Range"] = f"bytes {begin}-{end}/{size}"
            self.answer(206, stored.data[begin : end + 1], **headers)


def list_page(
    objects: dict[str, Stored], prefix: str, delimiter: str, after: str, limit: int
) -> tuple[dict[str, Stored | None], bool]:
    """Names behind `after` in order, None for a common prefix, and whether there are more."""
    found: dict[str, Stored | None] = {}
    for key in sorted(objects):
        if not key.startswith(prefix):
            continue
        rest = key[len(prefix) :]
        if delimiter and delimiter in rest:
            common = prefix + rest.split(delimiter)[0] + delimiter
            if common > after:
                found[common] = None
        elif key > after:
            found[key] = objects[key]
    return dict(list(found.items())[:limit]), len(found) > limit


def list_bucket_xml(objects: dict[str, Stored], query: dict[str, str]) -> str:
    """The answer to ListObjectsV2 of S3, which Google's XML interface has as well."""
    prefix, limit = query.get("prefix", ""), int(query.get("max-keys", 1000))
    after = query.get("continuation-token") or query.get("start-after", "")
    found, has_more = list_page(objects, prefix, query.get("delimiter", ""), after, limit)
    inner = f"<Name>bucket</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(found)}</KeyCount>"
    inner += f"<MaxKeys>{limit}</MaxKeys><IsTruncated>{str(has_more).lower()}</IsTruncated>"
    if has_more:
        inner += f"<NextContinuationToken>{escape(list(found)[-1])}</NextContinuationToken>"
    for name, stored in found.items():
        if stored is None:
            inner += f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>"
            continue
        inner += (
            f"<Contents><Key>{escape(name)}</Key><LastModified>{stored.iso_date}</LastModified>"
            f"<ETag>{escape(stored.etag)}</ETag><Size>{len(stored.data)}</Size></Contents>"
        )
    return xml_answer("ListBucketResult", inner)


def xml_answer(name: str, inner: str) -> str:
    space = "http://s3.amazonaws.com/doc/2006-03-01/"
    return f'<?xml version="1.0" encoding="UTF-8"?><{name} xmlns="{space}">{inner}</{name}>'
