"""An S3 service for tests, every signature checked.

It has what the clients of Arrow, pylance and Lancea ask for: objects (whole, by range, in parts),
listings with prefix and delimiter, deletion of one or many, buckets in the path or in the host's
name, and preconditions of PUT. Signatures are AWS's version 4 in headers, computed here from the
specification; three clients by different authors agree with it.
"""

from __future__ import annotations

import hashlib
import hmac
import xml.etree.ElementTree as ET
from urllib.parse import parse_qsl, quote, unquote
from xml.sax.saxutils import escape

from interop.object_server import (
    Handler,
    ObjectServer,
    RequestError,
    Stored,
    list_bucket_xml,
    xml_answer,
)

ACCESS_KEY, SECRET_KEY, SESSION_TOKEN = "AKIDEXAMPLE", "secret/+key", "the+session/token="
REGION = "eu-test-1"


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class S3Handler(Handler):
    service: S3Server

    def target(self, path: str) -> tuple[str, str]:
        host = self.headers["Host"].split(":")[0]
        if host.endswith(".localhost"):
            return host.removesuffix(".localhost"), unquote(path)[1:]
        return super().target(path)

    def check(self, bucket: str, body: bytes) -> bytes:
        if bucket not in self.service.public:
            self.check_signature(body)
        if "aws-chunked" in self.headers.get("Content-Encoding", ""):
            return decode_aws_chunked(body)
        return body

    def answer_error(self, error: RequestError) -> None:
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            f"<Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message></Error>"
        )
        self.answer(error.status, body.encode(), Content_Type="application/xml")

    def answer_xml(self, name: str, inner: str) -> None:
        self.answer_text(xml_answer(name, inner))

    def answer_text(self, text: str) -> None:
        self.answer(200, text.encode(), Content_Type="application/xml")

    def check_signature(self, body: bytes) -> None:
        given = self.headers.get("Authorization")
        if given is None:
            raise RequestError(403, "AccessDenied", "the request is not signed")
        kind, _, rest = given.partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        key_id, day, region, service, end = parts["Credential"].split("/")
        if kind != "AWS4-HMAC-SHA256" or (service, end) != ("s3", "aws4_request"):
            raise RequestError(400, "AuthorizationHeaderMalformed", given)
        if key_id != ACCESS_KEY:
            raise RequestError(403, "InvalidAccessKeyId", f"no key {key_id}")
        if region != REGION:
            raise RequestError(400, "AuthorizationHeaderMalformed", f"the region is not {region}")
        if (token := self.service.session_token) and token != self.headers["x-amz-security-token"]:
            raise RequestError(403, "InvalidToken", "another session token")
        digest = self.headers["x-amz-content-sha256"]
        if len(digest) == 64 and digest != hashlib.sha256(body).hexdigest():
            raise RequestError(400, "XAmzContentSHA256Mismatch", "the body has another digest")
        names = parts["SignedHeaders"].split(";")
        for name in self.headers:
            must = name.lower() in ("host", "if-none-match") or name.lower().startswith("x-amz-")
            if must and name.lower() not in names and "SDK" not in self.headers["User-Agent"]:
                raise RequestError(403, "AccessDenied", f"header {name} is not signed")
        query = sorted(
            (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
            for name, value in parse_qsl(self.url.query, keep_blank_values=True)
        )
        headers = "".join(f"{n}:{' '.join(self.headers[n].split())}\n" for n in names)
        canonical = "\n".join(
            [
                self.command,
                quote(unquote(self.url.path), safe="/-_.~"),
                "&".join(f"{name}={value}" for name, value in query),
                headers,
                ";".join(names),
                digest,
            ]
        )
        scope = f"{day}/{region}/s3/aws4_request"
        text = "\n".join(
            [
                kind,
                self.headers["x-amz-date"],
                scope,
                hashlib.sha256(canonical.encode()).hexdigest(),
            ]
        )
        key = ("AWS4" + SECRET_KEY).encode()
        for part in (day, region, "s3", "aws4_request"):
            key = _hmac(key, part)
        if not hmac.compare_digest(_hmac(key, text).hex(), parts["Signature"]):
            raise RequestError(403, "SignatureDoesNotMatch", f"signed is not: {canonical}")

    def only_if_absent(self) -> bool:
        condition = self.headers.get("If-None-Match")
        if condition not in (None, "*"):
            raise RequestError(501, "NotImplemented", "If-None-Match other than *")
        return condition == "*"

    def on_put(self, objects, key, body):
        if "uploadId" in self.query:
            self.upload()[int(self.query["partNumber"])] = body
            self.answer(200, ETag=Stored(body).etag)
        elif not key:
            self.answer(200)  # the bucket is there
        elif "x-amz-copy-source" in self.headers:
            bucket, _, source = (
                unquote(self.headers["x-amz-copy-source"]).lstrip("/").partition("/")
            )
            objects[key] = Stored(self.service.buckets[bucket][source].data)
            self.answer_xml("CopyObjectResult", f"<ETag>{objects[key].etag}</ETag>")
        else:
            self.create(objects, key, body, self.only_if_absent())
            self.answer(200, ETag=objects[key].etag)

    def upload(self) -> dict[int, bytes]:
        parts = self.service.uploads.get(self.query["uploadId"])
        if parts is None:
            raise RequestError(404, "NoSuchUpload")
        return parts

    def on_post(self, objects, key, body):
        if "uploads" in self.query:
            upload = next(self.service.upload_ids)
            self.service.uploads[upload] = {}
            self.answer_xml(
                "InitiateMultipartUploadResult",
                f"<Bucket>b</Bucket><Key>{escape(key)}</Key><UploadId>{upload}</UploadId>",
            )
        elif "uploadId" in self.query:
            parts = self.upload()
            data = b"".join(parts[number] for number in sorted(parts))
            self.create(objects, key, data, self.only_if_absent())
            del self.service.uploads[self.query["uploadId"]]
            self.answer_xml(
                "CompleteMultipartUploadResult",
                f"<Key>{escape(key)}</Key><ETag>{objects[key].etag}</ETag>",
            )
        elif "delete" in self.query:
            deleted = [e.text for e in ET.fromstring(body).iter() if e.tag.endswith("Key")]
            for name in deleted:
                objects.pop(name, None)
            inner = (f"<Deleted><Key>{escape(name)}</Key></Deleted>" for name in deleted)
            self.answer_xml("DeleteResult", "".join(inner))
        else:
            raise RequestError(501, "NotImplemented", self.path)

    def on_delete(self, objects, key, _):
        if "uploadId" in self.query:
            self.upload()
            del self.service.uploads[self.query["uploadId"]]
        else:
            objects.pop(key, None)
        self.answer(204)

    def on_head(self, objects, key, _):
        self.on_get(objects, key, _)

    def on_get(self, objects, key, _):
        if key:
            if key not in objects:
                raise RequestError(404, "NoSuchKey", f"no object {key}")
            self.answer_object(objects[key])
        elif self.command == "HEAD":
            self.answer(200, **{"x-amz-bucket-region": REGION})
        elif "location" in self.query:
            self.answer_xml("LocationConstraint", REGION)
        else:
            self.answer_text(list_bucket_xml(objects, self.query))


def decode_aws_chunked(body: bytes) -> bytes:
    """The payload of "size;extension CRLF bytes CRLF ... 0 CRLF trailers"."""
    out, at = b"", 0
    while True:
        end = body.index(b"\r\n", at)
        size = int(body[at:end].split(b";")[0], 16)
        if size == 0:
            return out
        out += body[end + 2 : end + 2 + size]
        at = end + 2 + size + 2


class S3Server(ObjectServer):
    handler = S3Handler

    def __init__(self, public=(), session_token: str | None = None, **others):
        super().__init__(**others)
        self.public = set(public)  # buckets that need no signature
        self.session_token = session_token

    def options(self, **more: str) -> dict[str, str]:
        """Storage options that reach this service."""
        options = {
            "aws_access_key_id": ACCESS_KEY,
            "aws_secret_access_key": SECRET_KEY,
            "aws_region": REGION,
            "aws_endpoint": self.endpoint,
            "allow_http": "true",
        }
        if self.session_token:
            options["aws_session_token"] = self.session_token
        return options | more
