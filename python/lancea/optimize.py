"""Compaction: small fragments become large ones, deleted rows leave the files.

Plans, tasks and results can be pickled and turned into JSON, to be executed elsewhere; the JSON is
that of pylance, so each can execute what the other planned.

>>> plan = Compaction.plan(ds, {"target_rows_per_fragment": 1_000_000})
>>> results = [task.execute(ds) for task in plan.tasks]  # anywhere
>>> Compaction.commit(ds, results)
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from lancea import _lancea
from lancea._fragment_metadata import FragmentMetadata
from lancea.maintenance import BackgroundMaintenance, MaintenanceReport, maintain

if TYPE_CHECKING:
    from lancea.dataset import LanceDataset
    from lancea.types import AutoCleanupConfig

#: Called with the rows written, the rows in all and the bytes written.
CompactionProgress = Callable[[int, int, int], None]


class CompactionOptions(TypedDict, total=False):
    """What is compacted and how; left away: as the table's config says, or the default."""

    target_rows_per_fragment: int | None  #: default 1,048,576
    max_rows_per_group: int | None  #: of legacy files; no effect
    max_bytes_per_file: int | None
    materialize_deletions: bool | None  #: rewrite fragments with many deleted rows; default True
    materialize_deletions_threshold: float | None  #: what is many; default 0.1
    num_threads: int | None  #: tasks at once; default 2, each uses all cores
    batch_size: int | None  #: rows read at once; default: by their bytes
    io_buffer_size: int | None  #: bytes read ahead; default 16 MiB
    compaction_mode: Literal["reencode", "try_binary_copy", "force_binary_copy"] | None
    binary_copy_read_batch_bytes: int | None
    defer_index_remap: bool | None
    max_source_fragments: int | None
    max_source_rows: int | None
    max_source_bytes: int | None
    excluded_fragment_ids: list[int] | None
    data_storage_version: str | None  #: of the new files; default: the table's
    transaction_properties: dict[str, str] | None
    verify: bool | None  #: read the new files back and compare; default True


@dataclass
class CompactionMetrics:
    """What a compaction did; files are data and deletion files."""

    fragments_removed: int = 0
    fragments_added: int = 0
    files_removed: int = 0
    files_added: int = 0


def _fragments(values: list[dict[str, Any]]) -> list[FragmentMetadata]:
    return [FragmentMetadata.from_json(json.dumps(value)) for value in values]


class _Value:
    """Something that is fully told by its JSON."""

    _check: Callable[[str], str]

    def __init__(self, text: str):
        self._text = text
        self._value = json.loads(text)

    def json(self) -> str:
        return self._text

    @classmethod
    def from_json(cls, text: str):
        return cls(cls._check(text))

    def __reduce__(self):
        return type(self).from_json, (self._text,)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._value == self._value

    __hash__ = None

    @property
    def read_version(self) -> int:
        """The version of the table it was made from."""
        return self._value["read_version"]


class RewriteResult(_Value):
    """What a task wrote; nothing refers to it before it is committed."""

    _check = staticmethod(_lancea.check_rewrite_result)

    @property
    def metrics(self) -> CompactionMetrics:
        return CompactionMetrics(**self._value["metrics"])

    @property
    def new_fragments(self) -> list[FragmentMetadata]:
        return _fragments(self._value["new_fragments"])

    @property
    def original_fragments(self) -> list[FragmentMetadata]:
        return _fragments(self._value["original_fragments"])

    def __repr__(self) -> str:
        return (
            f"RewriteResult(read_version={self.read_version}, "
            f"new_fragments={self.new_fragments!r}, old_fragments={self.original_fragments!r})"
        )


class CompactionTask(_Value):
    """Fragments that are rewritten together."""

    _check = staticmethod(_lancea.check_compaction_task)

    @property
    def fragments(self) -> list[FragmentMetadata]:
        return _fragments(self._value["task"]["fragments"])

    def execute(
        self, dataset: LanceDataset, *, progress: CompactionProgress | None = None
    ) -> RewriteResult:
        """Write the new files. ``dataset`` may be at any version."""
        return RewriteResult(_lancea.execute_compaction(dataset._ds, self._text, progress))

    def __repr__(self) -> str:
        return f"CompactionTask(read_version={self.read_version}, fragments={self.fragments!r})"


class CompactionPlan(_Value):
    """The tasks of a compaction."""

    _check = staticmethod(_lancea.check_compaction_plan)

    @property
    def tasks(self) -> list[CompactionTask]:
        shared = {"read_version": self.read_version, "options": self._value["options"]}
        return [
            CompactionTask(json.dumps({"task": task, **shared})) for task in self._value["tasks"]
        ]

    def num_tasks(self) -> int:
        return len(self._value["tasks"])

    def __repr__(self) -> str:
        return (
            f"CompactionPlan(read_version={self.read_version}, "
            f"tasks=<{self.num_tasks()} compaction tasks>)"
        )


class Compaction:
    """The steps of a compaction."""

    @staticmethod
    def plan(dataset: LanceDataset, options: CompactionOptions | None = None) -> CompactionPlan:
        """Say which fragments would be rewritten together."""
        return CompactionPlan(_lancea.plan_compaction(dataset._ds, dict(options or {})))

    @staticmethod
    def execute(
        dataset: LanceDataset,
        options: CompactionOptions | None = None,
        *,
        progress: CompactionProgress | None = None,
    ) -> CompactionMetrics:
        """Plan, execute and commit; ``dataset`` moves to the new version."""
        dataset._ds, metrics = _lancea.compact_files(dataset._ds, dict(options or {}), progress)
        return CompactionMetrics(**metrics)

    @staticmethod
    def commit(
        dataset: LanceDataset,
        rewrites: list[RewriteResult],
        options: CompactionOptions | None = None,
    ) -> CompactionMetrics:
        """Commit results as one version, to which ``dataset`` moves.

        Raises
        ------
        CommitConflictError
            if another writer changed one of the fragments since they were read: plan again
        """
        texts = [rewrite.json() for rewrite in rewrites]
        dataset._ds, metrics = _lancea.commit_compaction(dataset._ds, texts, dict(options or {}))
        return CompactionMetrics(**metrics)


class DatasetOptimizer:
    """Made by :attr:`LanceDataset.optimize`."""

    def __init__(self, dataset: LanceDataset):
        self._dataset = dataset

    def compact_files(
        self, *, progress: CompactionProgress | None = None, **options: Any
    ) -> CompactionMetrics:
        """Join small fragments and drop deleted rows and dropped columns from the files.

        Neighbouring fragments become one when each has less than ``target_rows_per_fragment`` rows
        or many deleted ones. Nothing is committed when there is nothing to do.

        Parameters
        ----------
        options
            the keys of :class:`CompactionOptions`
        progress
            called with the rows written, the rows in all and the bytes written
        """
        return Compaction.execute(self._dataset, options, progress=progress)

    def maintain(self, **options: Any) -> MaintenanceReport:
        """Compact and clean up the latest version, each where it is worth it.

        This dataset stays at its version. A step that fails is reported, and the next one runs.

        Parameters
        ----------
        compact, clean_up
            do that step; default True
        compaction
            :class:`CompactionOptions`; default: as the table's config says
        min_fragments
            join no fewer fragments than this; default 8
        older_than
            remove versions older than this; default 14 days. Tagged ones stay
        retain_versions
            keep so many of the newest
        dry_run
            only say what is due
        """
        return maintain(self._dataset._ds, **options)

    def in_background(self, **options: Any) -> BackgroundMaintenance:
        """:meth:`maintain` every ``interval`` (default: a minute) on a thread of its own."""
        return BackgroundMaintenance(self._dataset._ds, **options)

    def enable_auto_cleanup(self, auto_cleanup_config: AutoCleanupConfig) -> None:
        """Remove old versions after every so many commits."""
        self._dataset.update_config(
            {
                "lance.auto_cleanup.interval": str(auto_cleanup_config["interval"]),
                "lance.auto_cleanup.older_than": f"{auto_cleanup_config['older_than_seconds']}s",
            }
        )

    def disable_auto_cleanup(self) -> None:
        self._dataset.delete_config_keys(
            ["lance.auto_cleanup.interval", "lance.auto_cleanup.older_than"]
        )
