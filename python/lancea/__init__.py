"""Lance tables, read and written natively: the names, defaults and behaviour of ``pylance``.

>>> import lancea as lance
>>> lance.write_dataset({"id": [1, 2, 3]}, "table.lance")
>>> ds = lance.dataset("table.lance")
>>> ds.to_table(columns=["id"], limit=10)
"""

from importlib import import_module

import pyarrow  # noqa: F401  its libraries first: they need not lie beside this package

from lancea._lancea import __version__
from lancea.blob import Blob, BlobArray, BlobColumn, BlobFile, BlobType, blob_array, blob_field
from lancea.commit import CommitConflictError
from lancea.dataset import LanceDataset, LanceOperation, Transaction, dataset, write_dataset
from lancea.errors import RefusedError
from lancea.fragment import (
    DataFile,
    DeletionFile,
    FragmentMetadata,
    LanceFragment,
    RowDatasetVersionMeta,
    RowIdMeta,
)
from lancea.progress import FragmentWriteProgress, WriteProgress
from lancea.refs import Branches, Tags
from lancea.scanner import LanceScanner, ScannerBuilder, ScanStatistics
from lancea.schema import LanceField, LanceSchema, json_to_schema, schema_to_json
from lancea.session import Session, bytes_read_counter, iops_counter
from lancea.stats import DataStatistics, FieldStatistics, LanceStats
from lancea.types import DatasetBasePath, Index, IndexFile
from lancea.udf import BatchUDF, batch_udf
from lancea.util import sanitize_ts

__all__ = [
    "BatchUDF",
    "Blob",
    "BlobArray",
    "BlobColumn",
    "BlobFile",
    "BlobType",
    "Branches",
    "CommitConflictError",
    "DataFile",
    "DataStatistics",
    "DatasetBasePath",
    "DeletionFile",
    "FieldStatistics",
    "FragmentMetadata",
    "FragmentWriteProgress",
    "Index",
    "IndexFile",
    "LanceDataset",
    "LanceField",
    "LanceFragment",
    "LanceOperation",
    "LanceScanner",
    "LanceSchema",
    "LanceStats",
    "RefusedError",
    "RowDatasetVersionMeta",
    "RowIdMeta",
    "ScanStatistics",
    "ScannerBuilder",
    "Session",
    "Tags",
    "Transaction",
    "WriteProgress",
    "__version__",
    "batch_udf",
    "blob_array",
    "blob_field",
    "bytes_read_counter",
    "dataset",
    "iops_counter",
    "json_to_schema",
    "sanitize_ts",
    "schema_to_json",
    "write_dataset",
]


def __getattr__(name: str):
    # Not imported above: it registers a type, and pylance fails to load where it finds that taken.
    if name == "arrow":
        return import_module("lancea.arrow")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
