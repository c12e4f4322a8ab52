"""Arrow extension types of Lance, registered with pyarrow when this module is imported.

Reading a column of such a type imports it too.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from lancea._extension_types import register_extension_type


class BFloat16Type(pa.ExtensionType):
    """16-bit brain floats, stored as two bytes: the upper half of a float32."""

    def __init__(self) -> None:
        super().__init__(pa.binary(2), "lance.bfloat16")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(
        cls, storage_type: pa.DataType, serialized: bytes
    ) -> BFloat16Type:
        return cls()

    def __arrow_ext_class__(self) -> type[BFloat16Array]:
        return BFloat16Array

    def __arrow_ext_scalar_class__(self) -> type[BFloat16Scalar]:
        return BFloat16Scalar


class BFloat16Scalar(pa.ExtensionScalar):
    def as_py(self, **kwargs) -> float | None:
        if not self.is_valid:
            return None
        return float(_widen(np.frombuffer(self.value.as_py(), np.uint16))[0])


class BFloat16Array(pa.ExtensionArray):
    """An array of :class:`BFloat16Type`."""

    def to_numpy(self, zero_copy_only: bool = False) -> np.ndarray:
        """The values as float32; nulls become NaN."""
        bits = np.frombuffer(self.storage.buffers()[1], np.uint16)
        values = _widen(bits[self.offset : self.offset + len(self)])
        if self.null_count:
            values[np.asarray(self.storage.is_null())] = np.nan
        return values

    @classmethod
    def from_numpy(cls, array: np.ndarray) -> BFloat16Array:
        """From floats, rounded to nearest even."""
        return bfloat16_array(array)


def _widen(bits: np.ndarray) -> np.ndarray:
    return (bits.astype(np.uint32) << 16).view(np.float32)


def bfloat16_array(values) -> BFloat16Array:
    """An array of brain floats from numbers and None, rounded to nearest even."""
    missing = np.array([value is None for value in values], dtype=bool)
    floats = np.array([0.0 if value is None else value for value in values], dtype=np.float32)
    bits = floats.view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    rounded = np.where(np.isnan(floats), (bits >> 16) | 0x40, rounded).astype(np.uint16)
    validity = pa.array(~missing).buffers()[1] if missing.any() else None
    storage = pa.Array.from_buffers(
        pa.binary(2), len(floats), [validity, pa.py_buffer(rounded.tobytes())]
    )
    return pa.ExtensionArray.from_storage(BFloat16Type(), storage)


register_extension_type(BFloat16Type())
