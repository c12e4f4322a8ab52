"""The cache that datasets share."""

from __future__ import annotations

from lancea import _lancea

_DEFAULT_BYTES = 1 << 30


class Session:
    """Metadata kept between reads: manifests, file footers, pages' metadata, deletion vectors.

    Parameters
    ----------
    index_cache_size_bytes, metadata_cache_size_bytes
        Bounds in bytes; both are one cache here, so their sum bounds it.
    memory_limit
        Bytes that a scan, a take or a change of rows or columns may hold beside its result; what
        needs more streams or goes to temporary files. Default: ``LANCEA_MEMORY_LIMIT`` bytes, or
        half of the machine's memory.
    """

    def __init__(
        self,
        index_cache_size_bytes: int | None = None,
        metadata_cache_size_bytes: int | None = None,
        *,
        memory_limit: int | None = None,
        _inner: _lancea.Session | None = None,
    ):
        if _inner is None:
            given = [
                b for b in (index_cache_size_bytes, metadata_cache_size_bytes) if b is not None
            ]
            _inner = _lancea.Session(sum(given) if given else _DEFAULT_BYTES)
        self._inner = _inner
        if memory_limit is not None:
            self.memory_limit = memory_limit

    @property
    def memory_limit(self) -> int:
        """Bytes that one operation may hold beside its result; what runs keeps what it had."""
        return self._inner.memory_limit

    @memory_limit.setter
    def memory_limit(self, num_bytes: int) -> None:
        if num_bytes < 1:
            raise ValueError(f"memory_limit must be positive, got {num_bytes}")
        self._inner.memory_limit = num_bytes

    def size_bytes(self) -> int:
        """Bytes held now."""
        return self._inner.cache_bytes

    def index_cache_size_bytes(self) -> int:
        """Bytes held of indexes."""
        return sum(size for owner, (_, size) in self.cache_use().items() if owner == "index")

    def cache_use(self) -> dict[str, tuple[int, int]]:
        """``{owner: (entries, bytes)}`` of what is held."""
        return self._inner.cache_use()

    def clear(self) -> None:
        """Give back everything that is not in use."""
        self._inner.clear_cache()

    def is_same_as(self, other: Session) -> bool:
        return self._inner is other._inner

    def __repr__(self) -> str:
        index = self.index_cache_size_bytes()
        return (
            f"Session(index_cache_size_bytes={index}, "
            f"metadata_cache_size_bytes={self.size_bytes() - index})"
        )


def iops_counter() -> int:
    """Read operations of this process so far."""
    return _lancea.process_io()[0]


def bytes_read_counter() -> int:
    """Bytes read by this process so far."""
    return _lancea.process_io()[1]
