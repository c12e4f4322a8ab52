"""Changes of a table's configuration and metadata."""

from __future__ import annotations

import warnings
from typing import Any

from lancea import _lancea
from lancea._transaction import LanceOperation
from lancea._transaction_values import to_raw
from lancea.errors import RefusedError

Values = dict[str, "str | None"]


def _update(values: Values, replace: bool) -> LanceOperation.UpdateMap:
    if not isinstance(values, dict):
        raise TypeError(f"values must be a dict, got {values!r}")
    for key, value in values.items():
        if not isinstance(key, str) or not isinstance(value, (str, type(None))):
            raise TypeError(f"keys are text and values text or None, got {key!r}: {value!r}")
    if replace:
        values = {key: value for key, value in values.items() if value is not None}
    return LanceOperation.UpdateMap(dict(values), replace)


def _field_id(fields: list[dict[str, Any]], path: str) -> int | None:
    for field in fields:
        if field["name"] == path:
            return field["id"]
        if path.startswith(f"{field['name']}."):
            found = _field_id(field["children"], path[len(field["name"]) + 1 :])
            if found is not None:
                return found
    return None


class MetadataChanges:
    """A part of :class:`LanceDataset`. Each method commits a version and moves to it.

    Values that are None remove their key; ``replace=True`` forgets every key not given.
    """

    _ds: _lancea.Dataset

    def _update(self, **updates: Any) -> None:
        self._ds = self._ds.update_config(to_raw(LanceOperation.UpdateConfig(**updates)))

    def update_config(self, values: Values, *, replace: bool = False) -> dict[str, str]:
        """Change the table's configuration; returns it."""
        self._update(config_updates=_update(values, replace))
        return self._ds.config()

    def delete_config_keys(self, keys: list[str]) -> None:
        """Remove keys of the configuration; those that are not there are ignored."""
        if isinstance(keys, str):
            raise TypeError(f"keys must be a list of keys, got {keys!r}")
        self.update_config(dict.fromkeys(keys))

    def update_metadata(self, values: Values, *, replace: bool = False) -> dict[str, str]:
        """Change the table's metadata; returns them."""
        self._update(table_metadata_updates=_update(values, replace))
        return self._ds.table_metadata()

    def update_schema_metadata(self, values: Values, *, replace: bool = False) -> dict[str, str]:
        """Change the schema's metadata; returns them."""
        self._update(schema_metadata_updates=_update(values, replace))
        return self._ds.lance_schema()["metadata"]

    def update_field_metadata(
        self, field_updates: dict[str, Values], *, replace: bool = False
    ) -> None:
        """Change the metadata of fields, by dotted name.

        Raises
        ------
        OSError
            if there is no such field
        """
        schema = self._ds.lance_schema()["fields"]
        updates = {}
        for path, values in field_updates.items():
            if not isinstance(path, str):
                raise TypeError(f"fields are named by their dotted names, got {path!r}")
            field_id = _field_id(schema, path)
            if field_id is None:
                names = [field["name"] for field in schema]
                raise RefusedError(f"Field '{path}' not found.\nAvailable fields: {names}")
            updates[field_id] = _update(values, replace)
        self._update(field_metadata_updates=updates)

    def replace_schema_metadata(self, new_metadata: dict[str, str]) -> None:
        """Deprecated: :meth:`update_schema_metadata` with ``replace=True``."""
        warnings.warn(
            "replace_schema_metadata is deprecated. "
            "Use update_schema_metadata(metadata, replace=True) instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        self.update_schema_metadata(new_metadata, replace=True)

    def replace_field_metadata(self, field_name: str, new_metadata: dict[str, str]) -> None:
        """Deprecated: :meth:`update_field_metadata` with ``replace=True``."""
        warnings.warn(
            "replace_field_metadata is deprecated. "
            "Use update_field_metadata with field paths and replace=True instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        self.update_field_metadata({field_name: new_metadata}, replace=True)
