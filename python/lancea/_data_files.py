"""Data files that lie in a table's folder and are not in its manifest yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lancea import _lancea
from lancea._fragment_metadata import DataFile
from lancea.errors import RefusedError

if TYPE_CHECKING:
    from lancea.dataset import LanceDataset

#: Manifests call these files 2.0, and so do we.
_WRITTEN_IN_FILES_OF_2_0 = (0, 3)


def describe_data_file(
    dataset: LanceDataset, path: str, base_id: int | None = None
) -> tuple[DataFile, int]:
    """The entry of a manifest for a data file, and its rows.

    Parameters
    ----------
    path
        relative to the ``data`` folder of the table or of a base path
    """
    root = f"{dataset._ds.uri.rstrip('/')}/data"
    if base_id is not None:
        base = dataset.base_paths().get(base_id)
        if base is None:
            raise RefusedError(f"no base path {base_id}; there are {list(dataset.base_paths())}")
        root = f"{base.path.rstrip('/')}/data" if base.is_dataset_root else base.path.rstrip("/")
    try:
        reader = _lancea.FileReader.open(f"{root}/{path}", None, dataset._storage_options or {})
    except ValueError as error:
        raise RefusedError(str(error)) from error
    own_columns = {
        column["field_id"]: position for position, column in enumerate(reader.describe_columns())
    }
    fields: list[int] = []
    column_indices: list[int] = []

    def match(own: list[dict], table: list[dict], prefix: str) -> None:
        by_name = {field["name"]: field for field in table}
        for field in own:
            found = by_name.get(field["name"])
            if found is None:
                raise RefusedError(
                    f"{path}: column {prefix}{field['name']} is none of the table's: "
                    f"{', '.join(prefix + name for name in by_name)}"
                )
            if field["id"] in own_columns:
                fields.append(found["id"])
                column_indices.append(own_columns[field["id"]])
            match(field["children"], found["children"], f"{prefix}{field['name']}.")

    match(reader.lance_schema()["fields"], dataset._ds.lance_schema()["fields"], "")
    version = reader.major_version, reader.minor_version
    described = DataFile(
        path,
        fields,
        column_indices,
        *((2, 0) if version == _WRITTEN_IN_FILES_OF_2_0 else version),
        reader.size_bytes,
        base_id,
    )
    return described, reader.num_rows
