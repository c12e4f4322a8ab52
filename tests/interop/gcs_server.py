"""A Google Cloud Storage service for tests.

The JSON interface, as Arrow's client and Lancea use it, and of the XML interface what pylance uses.
"""

from __future__ import annotations

import json
from urllib.parse import unquote

from interop.object_server import (
    Handler,
    ObjectServer,
    RequestError,
    Stored,
    list_bucket_xml,
    list_page,
)

TOKEN = "ya29.token"


class GcsHandler(Handler):
    service: GcsServer

    def target(self, path: str) -> tuple[str, str]:
        # [/upload|/download]/storage/v1/b/BUCKET/o[/KEY], or /BUCKET/KEY of the XML interface
        parts = path[1:].split("/")
        if parts[0] in ("upload", "download"):
            parts = parts[1:]
        if parts[:2] == ["storage", "v1"]:
            return unquote(parts[3]), unquote("/".join(parts[5:]))
        return unquote(parts[0]), unquote("/".join(parts[1:]))

    def check(self, bucket: str, body: bytes) -> bytes:
        if (
            self.service.token
            and self.headers.get("Authorization") != f"Bearer {self.service.token}"
        ):
            raise RequestError(401, "authError", "Invalid Credentials")
        return body

    def answer_error(self, error: RequestError) -> None:
        what = {"code": error.status, "message": error.message}
        what["errors"] = [{"reason": error.code, "message": error.message, "domain": "global"}]
        self.answer_json({"error": what}, error.status)

    def answer_json(self, value: dict, status: int = 200, **headers: str) -> None:
        body = json.dumps(value).encode()
        self.answer(status, body, Content_Type="application/json", **headers)

    def refuse_existing(self) -> None:
        raise RequestError(412, "conditionNotMet", "a precondition did not hold")

    def describe(self, key: str, stored: Stored) -> dict:
        return {
            "kind": "storage#object",
            "bucket": "bucket",
            "name": key,
            "size": str(len(stored.data)),
            "generation": str(int(stored.modified * 1e6)),
            "timeCreated": stored.iso_date,
            "updated": stored.iso_date,
        }

    def on_post(self, objects, key, body):
        only_if_absent = self.query.get("ifGenerationMatch") == "0"
        if self.query.get("uploadType") == "resumable":
            name = self.query.get("name") or json.loads(body)["name"]
            upload = next(self.service.upload_ids)
            self.service.uploads[upload] = {
                "name": name,
                "data": b"",
                "only_if_absent": only_if_absent,
            }
            where = (
                f"{self.service.endpoint}{self.url.path}?uploadType=resumable&upload_id={upload}"
            )
            self.answer(200, Location=where)
        elif self.query.get("uploadType") == "multipart":
            boundary = self.headers["Content-Type"].split("boundary=")[1].strip("'\"").encode()
            parts = body.split(b"--" + boundary)
            told, data = (part.split(b"\r\n\r\n", 1)[1][:-2] for part in parts[1:3])
            name = self.query.get("name") or json.loads(told)["name"]
            self.store(objects, name, data, only_if_absent)
        else:
            self.store(objects, self.query["name"], body, only_if_absent)

    def on_put(self, objects, key, body):
        if "upload_id" not in self.query:
            self.create(objects, key, body, self.headers.get("x-goog-if-generation-match") == "0")
            generation = self.describe(key, objects[key])["generation"]
            headers = {"x-goog-generation": generation, "x-goog-stored-content-length": "1"}
            return self.answer(200, ETag=objects[key].etag, **headers)
        upload = self.service.uploads[self.query["upload_id"]]
        upload["data"] += body
        if self.headers["Content-Range"].endswith("/*"):
            last = len(upload["data"]) - 1
            return self.answer(308, **({"Range": f"bytes=0-{last}"} if last >= 0 else {}))
        return self.store(objects, upload["name"], upload["data"], upload["only_if_absent"])

    def store(self, objects, key, data, only_if_absent):
        self.create(objects, key, data, only_if_absent)
        self.answer_json(self.describe(key, objects[key]))

    def on_delete(self, objects, key, _):
        if "upload_id" in self.query:
            return self.answer(499)
        if objects.pop(key, None) is None:
            raise RequestError(404, "notFound", f"no object {key}")
        return self.answer(204)

    def on_head(self, objects, key, _):
        self.on_get(objects, key, _)

    def on_get(self, objects, key, _):
        if key:
            if key not in objects:
                raise RequestError(404, "notFound", f"no object {key}")
            if self.query.get("alt") == "media" or not self.url.path.startswith("/storage/"):
                generation = self.describe(key, objects[key])["generation"]
                self.answer_object(objects[key], **{"x-goog-generation": generation})
            else:
                self.answer_json(self.describe(key, objects[key]))
        elif "list-type" in self.query:
            self.answer(200, list_bucket_xml(objects, self.query).encode())
        elif self.url.path.endswith("/o"):
            limit = int(self.query.get("maxResults", 1000))
            found, has_more = list_page(
                objects,
                self.query.get("prefix", ""),
                self.query.get("delimiter", ""),
                self.query.get("pageToken", ""),
                limit,
            )
            answer = {
                "kind": "storage#objects",
                "items": [self.describe(name, s) for name, s in found.items() if s],
                "prefixes": [name for name, s in found.items() if s is None],
            }
            if has_more:
                answer["nextPageToken"] = list(found)[-1]
            self.answer_json(answer)
        else:
            self.answer_json({"kind": "storage#bucket", "name": "bucket", "location": "EU"})


class GcsServer(ObjectServer):
    handler = GcsHandler

    def __init__(self, token: str | None = TOKEN):
        super().__init__()
        self.token = token  # None: no credentials are asked for

    def options(self, **more: str) -> dict[str, str]:
        options = {"google_base_url": self.endpoint, "google_allow_http": "true"}
        if self.token:
            options["google_storage_token"] = self.token
        else:
            options["google_skip_signature"] = "true"
        return options | more
