"""Transactions: what a commit changes, as plain values."""

from __future__ import annotations

import dataclasses
import uuid
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lancea._fragment_metadata import DataFile, FragmentMetadata
from lancea.errors import RefusedError
from lancea.types import DatasetBasePath, Index

if TYPE_CHECKING:
    from lancea.schema import LanceSchema


def _check_fragments(fragments: Any) -> None:
    if not isinstance(fragments, list):
        raise TypeError(f"fragments must be list[FragmentMetadata], got {type(fragments)}")
    for fragment in fragments:
        if not isinstance(fragment, FragmentMetadata):
            raise TypeError(f"fragments must be list[FragmentMetadata], got {type(fragment)}")


class LanceOperation:
    """The operations there are; each is a class of its own in here."""

    class BaseOperation:
        """What all operations are."""

    @dataclass
    class Append(BaseOperation):
        """New fragments. Their ids are given at commit."""

        fragments: Iterable[FragmentMetadata]

        def __post_init__(self):
            _check_fragments(self.fragments)

    @dataclass
    class Overwrite(BaseOperation):
        """New contents with a schema of their own: also what creates a table.

        ``initial_bases`` are base paths to register; for new tables only.
        """

        new_schema: LanceSchema | pa.Schema
        fragments: Iterable[FragmentMetadata]
        initial_bases: list[DatasetBasePath] | None = None

        def __post_init__(self):
            _check_fragments(self.fragments)

    @dataclass
    class Delete(BaseOperation):
        """Fragments with new deletion files, and ids of fragments with no row left."""

        updated_fragments: Iterable[FragmentMetadata]
        deleted_fragment_ids: Iterable[int]
        predicate: str

        def __post_init__(self):
            _check_fragments(self.updated_fragments)

    @dataclass
    class Update(BaseOperation):
        """Rows updated: removed from old fragments, written to new ones.

        Attributes
        ----------
        fields_modified
            ids of fields rewritten inside ``updated_fragments``
        fields_for_preserving_frag_bitmap
            ids of fields that rows moved to ``new_fragments`` may have other values of, despite
            the name: indexes on all others go on covering them
        update_mode
            ``"rewrite_rows"`` or ``"rewrite_columns"``
        updated_fragment_offsets
            offsets of the rows updated, by fragment id, as portable Roaring bitmaps
        """

        removed_fragment_ids: list[int] = field(default_factory=list)
        updated_fragments: list[FragmentMetadata] = field(default_factory=list)
        new_fragments: list[FragmentMetadata] = field(default_factory=list)
        fields_modified: list[int] = field(default_factory=list)
        fields_for_preserving_frag_bitmap: list[int] = field(default_factory=list)
        update_mode: str = ""
        updated_fragment_offsets: dict[int, bytes] | None = None

        def __post_init__(self):
            _check_fragments(self.updated_fragments)
            _check_fragments(self.new_fragments)

    @dataclass
    class Merge(BaseOperation):
        """All fragments, with columns added.

        ``preserves_nullability`` says that no column added is required, so that rows appended at
        the same time may lack them.
        """

        fragments: Iterable[FragmentMetadata]
        schema: LanceSchema | pa.Schema
        preserves_nullability: bool = False

        def __post_init__(self):
            if isinstance(self.schema, pa.Schema):
                warnings.warn(
                    "Passing a pyarrow.Schema to Merge is deprecated; pass a LanceSchema",
                    DeprecationWarning,
                    stacklevel=3,
                )
            _check_fragments(self.fragments)

    @dataclass
    class Project(BaseOperation):
        """A schema without some columns, or with other names for them."""

        schema: LanceSchema
        preserves_nullability: bool = False

    @dataclass
    class Restore(BaseOperation):
        """The contents of an older version again."""

        version: int

    @dataclass
    class Clone(BaseOperation):
        """First version of a branch or of a clone."""

        is_shallow: bool
        ref_name: str | None
        ref_version: int
        ref_path: str
        branch_name: str | None

    @dataclass
    class RewriteGroup:
        """Fragments and those with the same rows that replace them."""

        old_fragments: Iterable[FragmentMetadata]
        new_fragments: Iterable[FragmentMetadata]

    @dataclass
    class RewrittenIndex:
        """An index made anew for rewritten fragments."""

        old_id: str
        new_id: str
        new_details_type_url: str
        new_details_value: bytes
        new_index_version: int

    @dataclass
    class Rewrite(BaseOperation):
        """Fragments replaced by others with the same rows, as by compaction."""

        groups: Iterable[LanceOperation.RewriteGroup]
        rewritten_indices: Iterable[LanceOperation.RewrittenIndex]

        def __post_init__(self):
            _check_fragments([f for group in self.groups for f in group.old_fragments])
            _check_fragments([f for group in self.groups for f in group.new_fragments])

    @dataclass
    class CreateIndex(BaseOperation):
        """Indexes added and removed."""

        new_indices: list[Index]
        removed_indices: list[Index]

    @dataclass
    class DataReplacementGroup:
        """A data file that takes the place of the one with the same fields in a fragment."""

        fragment_id: int
        new_file: DataFile

    @dataclass
    class DataReplacement(BaseOperation):
        """Data files replaced."""

        replacements: list[LanceOperation.DataReplacementGroup]

    @dataclass
    class UpdateMap:
        """Changes of a map of texts: None removes a key, ``replace`` forgets every other."""

        updates: dict[str, str | None]
        replace: bool = False

    @dataclass
    class UpdateConfig(BaseOperation):
        """Changes of the table's configuration and metadata; those of fields by field id."""

        config_updates: LanceOperation.UpdateMap | None = None
        table_metadata_updates: LanceOperation.UpdateMap | None = None
        schema_metadata_updates: LanceOperation.UpdateMap | None = None
        field_metadata_updates: dict[int, LanceOperation.UpdateMap] | None = None

    @dataclass
    class ReserveFragments(BaseOperation):
        """Fragment ids set aside for a rewrite."""

        num_fragments: int

    @dataclass
    class UpdateBases(BaseOperation):
        """Base paths registered."""

        new_bases: list[DatasetBasePath]

    @dataclass
    class UpdateMemWalState(BaseOperation):
        """Sorted string tables that were compacted, as serialized messages."""

        compacted_sstables: list[bytes]

    @dataclass
    class Unknown(BaseOperation):
        """An operation of a newer library: the serialized transaction."""

        message: bytes


@dataclass
class Transaction:
    """An operation, the version it is based on, and properties such as a commit message."""

    read_version: int
    operation: LanceOperation.BaseOperation
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    transaction_properties: dict[str, str] | None = field(default_factory=dict)


def _qualified_repr(self) -> str:
    values = (f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self))
    return f"{type(self).__qualname__}({', '.join(values)})"


for _kind in vars(LanceOperation).values():
    if dataclasses.is_dataclass(_kind):
        _kind.__repr__ = _qualified_repr


def merge_appends(transactions: Iterable[Transaction]) -> Transaction:
    """One transaction that appends what several do.

    Raises
    ------
    OSError
        if there are none, or one of them does anything else
    """
    transactions = list(transactions)
    if not transactions:
        raise RefusedError("No transactions to commit")
    for transaction in transactions:
        if not isinstance(transaction.operation, LanceOperation.Append):
            raise RefusedError(
                "Only append transactions are supported in batch commits, got "
                f"{type(transaction.operation).__name__}"
            )
    properties: dict[str, str] = {}
    for transaction in transactions:
        properties.update(transaction.transaction_properties or {})
    fragments = [f for t in transactions for f in t.operation.fragments]
    return Transaction(
        min(t.read_version for t in transactions),
        LanceOperation.Append(fragments),
        transaction_properties=properties,
    )
