"""An Azure Blob service for tests: a flat account whose signatures are checked."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import unquote
from xml.sax.saxutils import escape

from interop.object_server import Handler, ObjectServer, RequestError, Stored, list_page

ACCOUNT, ACCOUNT_KEY = "devstoreaccount1", base64.b64encode(b"the account's key").decode()
SAS_TOKEN = "sv=2021-12-02&sig=signed%2Belsewhere"


class AzureHandler(Handler):
    service: AzureServer
    no_bucket = "ContainerNotFound"

    def target(self, path: str) -> tuple[str, str]:
        account, _, rest = path[1:].partition("/")
        if account != ACCOUNT:
            raise RequestError(400, "InvalidUri", path)
        container, _, key = rest.partition("/")
        return unquote(container), unquote(key)

    def check(self, bucket: str, body: bytes) -> bytes:
        given = self.headers.get("Authorization")
        if given is None:
            if unquote(SAS_TOKEN.split("sig=")[1]) != self.query.get("sig"):
                raise RequestError(403, "AuthenticationFailed", "neither key nor token")
            return body
        names = (
            "Content-Encoding Content-Language Content-Length Content-MD5 Content-Type Date "
            "If-Modified-Since If-Match If-None-Match If-Unmodified-Since Range"
        ).split()
        values = [self.headers.get(name, "") for name in names]
        values[2] = "" if values[2] == "0" else values[2]
        extra = sorted(
            f"{name.lower()}:{value.strip()}"
            for name, value in self.headers.items()
            if name.lower().startswith("x-ms-")
        )
        resource = f"/{ACCOUNT}{self.url.path}"
        resource += "".join(f"\n{name.lower()}:{self.query[name]}" for name in sorted(self.query))
        text = "\n".join([self.command, *values, *extra, resource])
        digest = hmac.new(base64.b64decode(ACCOUNT_KEY), text.encode(), hashlib.sha256).digest()
        if given != f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}":
            raise RequestError(403, "AuthenticationFailed", f"signed is not {text!r}")
        return body

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        headers.setdefault("x-ms-version", "2021-12-02")
        headers.setdefault("x-ms-request-id", "1")
        super().answer(status, body, **headers)

    def answer_error(self, error: RequestError) -> None:
        text = (
            '<?xml version="1.0" encoding="utf-8"?>'
            f"<Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message></Error>"
        )
        headers = {"x-ms-error-code": error.code}
        if self.command == "HEAD":
            return self.answer(error.status, **headers)
        headers["Content_Type"] = "application/xml"
        return self.answer(error.status, text.encode(), **headers)

    def refuse_existing(self) -> None:
        raise RequestError(409, "BlobAlreadyExists", "The specified blob already exists.")

    def answer_created(self, stored: Stored) -> None:
        self.answer(
            201,
            ETag=stored.etag,
            Last_Modified=stored.http_date,
            **{"x-ms-request-server-encrypted": "true"},
        )

    def on_put(self, objects, key, body):
        operation = self.query.get("comp")
        only_if_absent = self.headers.get("If-None-Match") == "*"
        if operation == "block":
            self.service.uploads.setdefault(key, {})[self.query["blockid"]] = body
            self.answer(201, **{"x-ms-request-server-encrypted": "true"})
        elif operation == "blocklist":
            blocks = self.service.uploads.pop(key, {})
            ids = [part.split("<")[0] for part in body.decode().split(">")]
            data = b"".join(blocks[name] for name in ids if name in blocks)
            self.create(objects, key, data, only_if_absent)
            self.answer_created(objects[key])
        elif operation == "lease":  # Arrow holds one while it deletes
            if key not in objects:
                raise RequestError(404, "BlobNotFound", f"no blob {key}")
            lease = {"x-ms-lease-id": self.headers.get("x-ms-proposed-lease-id", "1")}
            made = objects[key]
            status = 201 if self.headers["x-ms-lease-action"] == "acquire" else 200
            self.answer(status, ETag=made.etag, Last_Modified=made.http_date, **lease)
        elif operation is None and key:
            self.create(objects, key, body, only_if_absent)
            self.answer_created(objects[key])
        else:
            raise RequestError(501, "NotImplemented", self.path)

    def on_delete(self, objects, key, _):
        if objects.pop(key, None) is None:
            raise RequestError(404, "BlobNotFound", f"no blob {key}")
        self.answer(202)

    def on_patch(self, objects, key, _):
        raise RequestError(400, "HierarchicalNamespaceNotEnabled", "a flat account")

    def on_head(self, objects, key, _):
        if self.query.get("action"):
            raise RequestError(400, "HierarchicalNamespaceNotEnabled", "a flat account")
        self.on_get(objects, key, _)

    def on_get(self, objects, key, _):
        if key:
            if key not in objects:
                raise RequestError(404, "BlobNotFound", f"no blob {key}")
            now = objects[key].http_date
            headers = {"x-ms-blob-type": "BlockBlob", "x-ms-creation-time": now}
            headers |= {"x-ms-server-encrypted": "true", "x-ms-lease-state": "available"}
            headers |= {"x-ms-lease-status": "unlocked"}
            self.answer_object(objects[key], **headers)
        elif self.query.get("comp") == "list":
            self.list_blobs(objects)
        else:
            stored = Stored(b"")
            headers = {"x-ms-lease-status": "unlocked", "x-ms-lease-state": "available"}
            headers |= {"x-ms-has-immutability-policy": "false", "x-ms-has-legal-hold": "false"}
            self.answer(200, ETag=stored.etag, Last_Modified=stored.http_date, **headers)

    def list_blobs(self, objects) -> None:
        prefix, limit = self.query.get("prefix", ""), int(self.query.get("maxresults", 5000))
        delimiter, after = self.query.get("delimiter", ""), self.query.get("marker", "")
        found, has_more = list_page(objects, prefix, delimiter, after, limit)
        inner = ""
        for name, stored in found.items():
            if stored is None:
                inner += f"<BlobPrefix><Name>{escape(name)}</Name></BlobPrefix>"
                continue
            inner += (
                f"<Blob><Name>{escape(name)}</Name><Properties>"
                f"<Creation-Time>{stored.http_date}</Creation-Time>"
                f"<Last-Modified>{stored.http_date}</Last-Modified><Etag>{stored.etag[1:-1]}</Etag>"
                f"<Content-Length>{len(stored.data)}</Content-Length>"
                "<Content-Type>application/octet-stream</Content-Type><BlobType>BlockBlob</BlobType>"
                "<AccessTier>Hot</AccessTier><LeaseStatus>unlocked</LeaseStatus>"
                "<LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted>"
                "</Properties></Blob>"
            )
        marker = escape(list(found)[-1]) if has_more else ""
        text = (
            '<?xml version="1.0" encoding="utf-8"?><EnumerationResults '
            f'ServiceEndpoint="{self.service.endpoint}/{ACCOUNT}/" ContainerName="bucket">'
            f"<Prefix>{escape(prefix)}</Prefix><MaxResults>{limit}</MaxResults>"
            f"<Blobs>{inner}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>"
        )
        self.answer(200, text.encode(), Content_Type="application/xml")


class AzureServer(ObjectServer):
    handler = AzureHandler

    def sas_options(self, **more: str) -> dict[str, str]:
        options = self.options(azure_storage_sas_token=SAS_TOKEN, **more)
        del options["azure_storage_account_key"]
        return options

    def options(self, **more: str) -> dict[str, str]:
        return {
            "azure_storage_account_name": ACCOUNT,
            "azure_storage_account_key": ACCOUNT_KEY,
            "azure_storage_endpoint": f"{self.endpoint}/{ACCOUNT}",
            "azure_allow_http": "true",
        } | more
