"""The Lance schema: fields with ids."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from lancea import _lancea
from lancea._schema_json import json_to_schema, schema_to_json

__all__ = ["LanceField", "LanceSchema", "json_to_schema", "schema_to_json"]


class LanceField:
    """One field with everything nested in it."""

    def __init__(self, raw: dict[str, Any], arrow_field: pa.Field | None):
        self._raw = raw
        self._arrow = arrow_field

    def name(self) -> str:
        return self._raw["name"]

    def id(self) -> int:
        return self._raw["id"]

    def logical_type(self) -> str:
        """The type as the format writes it, for example ``fixed_size_list:float:128``."""
        return self._raw["logical_type"]

    def nullable(self) -> bool:
        return self._raw["nullable"]

    def children(self) -> list[LanceField]:
        children = self._raw["children"]
        arrow = _child_fields(self._arrow)
        if len(arrow) != len(children):
            arrow = [None] * len(children)
        return [LanceField(raw, field) for raw, field in zip(children, arrow, strict=True)]

    @property
    def metadata(self) -> dict[str, str]:
        return dict(self._raw["metadata"])

    def is_unenforced_primary_key(self) -> bool:
        return self._raw["primary_key_position"] is not None

    def unenforced_primary_key_position(self) -> int | None:
        return self._raw["primary_key_position"]

    def to_arrow(self) -> pa.Field:
        if self._arrow is None:
            raise ValueError(f"field {self.name()} has no Arrow form of its own")
        return self._arrow

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LanceField) and self._raw == other._raw

    __hash__ = None

    def __repr__(self) -> str:
        inside = f", children: {self.children()}" if self._raw["children"] else ""
        return (
            f"Field {{ name: {self.name()!r}, id: {self.id()}, type: {self.logical_type()!r}, "
            f"nullable: {self.nullable()}{inside} }}"
        )


def _child_fields(field: pa.Field | None) -> list[pa.Field]:
    if field is None:
        return []
    kind = field.type.storage_type if isinstance(field.type, pa.BaseExtensionType) else field.type
    if pa.types.is_map(kind):
        return [pa.field("entries", pa.struct([kind.key_field, kind.item_field]), nullable=False)]
    return [kind.field(i) for i in range(kind.num_fields)]


class LanceSchema:
    """The schema of a table or file: fields with ids, and metadata."""

    def __init__(self, raw: dict[str, Any], arrow_schema: pa.Schema):
        self._raw = raw
        self._arrow = arrow_schema

    @staticmethod
    def from_pyarrow(schema: pa.Schema) -> LanceSchema:
        """Ids 0, 1, ... are given in depth-first order."""
        return LanceSchema(_lancea.schema_from_arrow(schema), schema)

    def to_pyarrow(self) -> pa.Schema:
        return self._arrow

    def fields(self) -> list[LanceField]:
        """The fields at the top."""
        return [
            LanceField(raw, arrow)
            for raw, arrow in zip(self._raw["fields"], self._arrow, strict=True)
        ]

    def field(self, name: str) -> LanceField | None:
        """The field of this dotted name, or None."""
        return self._find(name, lambda a, b: a == b)

    def field_case_insensitive(self, name: str) -> LanceField | None:
        """The field of this dotted name, an exact match first, or None."""
        return self.field(name) or self._find(name, lambda a, b: a.lower() == b.lower())

    def unenforced_primary_key(self) -> list[LanceField]:
        """The fields of the primary key, in its order."""
        found: list[LanceField] = []

        def visit(fields: list[LanceField]) -> None:
            for field in fields:
                if field.is_unenforced_primary_key():
                    found.append(field)
                visit(field.children())

        visit(self.fields())
        return sorted(found, key=lambda f: (f.unenforced_primary_key_position(), f.id()))

    def _find(self, name: str, same: Any) -> LanceField | None:
        def search(fields: list[LanceField], rest: str) -> LanceField | None:
            for field in fields:
                if same(field.name(), rest):
                    return field
                length = len(field.name())
                if rest[length : length + 1] == "." and same(field.name(), rest[:length]):
                    found = search(field.children(), rest[length + 1 :])
                    if found is not None:
                        return found
            return None

        return search(self.fields(), name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LanceSchema) and self._raw == other._raw

    __hash__ = None

    def __reduce__(self):
        return LanceSchema, (self._raw, self._arrow)

    def __repr__(self) -> str:
        return f"Schema {{ fields: {self.fields()}, metadata: {self._raw['metadata']} }}"
