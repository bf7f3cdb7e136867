"""Devices and sparse tensors."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import warnings
from typing import TYPE_CHECKING, Self

import numpy as np
import torch

from napari_tessera.contract.errors import OptionError
from napari_tessera.contract.options import Device

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scipy import sparse


def pick_device(wanted: Device) -> torch.device:
    """Turn the option into a torch device; AUTO takes the accelerator that is there.

    Parameters
    ----------
    wanted : Device
        What the person asked for.

    Raises
    ------
    OptionError
        If a device was named that this machine does not have.
    """
    there: dict[Device, Callable[[], bool]] = {
        Device.CUDA: torch.cuda.is_available,
        Device.XPU: torch.xpu.is_available,
        Device.MPS: torch.backends.mps.is_available,
        Device.CPU: lambda: True,
    }
    if wanted is Device.AUTO:
        return torch.device(next(d for d, found in there.items() if found()).value)
    if not there[wanted]():
        msg = (
            f"Option device: expected a device of this machine, found {wanted}, which is not here."
        )
        raise OptionError(msg, "Use device auto or cpu.")
    return torch.device(wanted.value)


class _Quick:
    """How many fits want quick products now; torch has one setting for all threads."""

    def __init__(self) -> None:
        self._lock, self._n, self._before = threading.Lock(), 0, "highest"

    def enter(self) -> None:
        """Set it for the first."""
        with self._lock:
            if self._n == 0:
                self._before = torch.get_float32_matmul_precision()
                torch.set_float32_matmul_precision("medium")
            self._n += 1

    def leave(self) -> None:
        """Put it back after the last."""
        with self._lock:
            self._n -= 1
            if self._n == 0:
                torch.set_float32_matmul_precision(self._before)


_QUICK = _Quick()


@contextlib.contextmanager
def quick_products() -> Iterator[None]:
    """Let matrix products round their inputs to bfloat16 where the machine does that faster.

    Sums stay in single precision. For training, where steps are noisy anyway, not for prediction.
    Fits that overlap in several threads of one process share the setting: it ends with the last.
    """
    _QUICK.enter()
    try:
        yield
    finally:
        _QUICK.leave()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let torch work in this thread alone.

    Many small operations, shared among threads, take a hundred times as long where others work on
    the machine too: each waits until all of its threads had their turn.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def dense_rows(
    matrix: sparse.csr_matrix, rows: slice | np.ndarray, device: torch.device
) -> torch.Tensor:
    """Take some rows of a CSR matrix as a dense tensor.

    Parameters
    ----------
    matrix : csr_matrix, shape (n_obs, n_genes)
        Values.
    rows : slice or ndarray of int
        Which rows.
    device : torch.device
        Where the tensor goes.

    Returns
    -------
    torch.Tensor, shape (n_rows, n_genes), float32
    """
    return torch.from_numpy(matrix[rows].toarray().astype(np.float32, copy=False)).to(device)


def csr_tensor(
    matrix: sparse.csr_matrix, device: torch.device, dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    """Turn a scipy CSR matrix into a torch CSR tensor of the same shape."""
    return _csr(
        torch.from_numpy(matrix.indptr.astype(np.int64)).to(device),
        torch.from_numpy(matrix.indices.astype(np.int64)).to(device),
        torch.from_numpy(np.asarray(matrix.data)).to(device=device, dtype=dtype),
        (int(matrix.shape[0]), int(matrix.shape[1])),
    )


def _csr(
    indptr: torch.Tensor, indices: torch.Tensor, values: torch.Tensor, shape: tuple[int, int]
) -> torch.Tensor:
    """Torch CSR tensor, without torch's remark that these are young."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(
            indptr, indices, values, size=shape, dtype=values.dtype, check_invariants=False
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class CsrPattern:
    """A sparse matrix on a device whose entries change and whose structure does not.

    Parameters
    ----------
    shape : tuple of int
        (n_rows, n_columns).
    indptr, indices : torch.Tensor, int32 or int64
        CSR structure.
    values : torch.Tensor, shape (n_entries,)
        Entries in CSR order.
    """

    shape: tuple[int, int]
    indptr: torch.Tensor
    indices: torch.Tensor
    values: torch.Tensor

    def with_values(self, values: torch.Tensor) -> Self:
        """Return the same structure with other entries."""
        return dataclasses.replace(self, values=values)

    def matmul(self, dense: torch.Tensor) -> torch.Tensor:
        """Matrix times dense, shape (n_rows, n_dims)."""
        return _csr(self.indptr, self.indices, self.values, self.shape) @ dense

    def sampled_product(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """``sum_k left[i, k] right[j, k]`` at the stored entries (i, j), shape (n_entries,)."""
        pattern = _csr(self.indptr, self.indices, torch.zeros_like(self.values), self.shape)
        found: torch.Tensor = torch.sparse.sampled_addmm(pattern, left, right.T, beta=0.0)
        return found.values()


@dataclasses.dataclass(frozen=True, kw_only=True)
class SparsePattern(CsrPattern):
    """The same with its transpose at hand.

    Parameters
    ----------
    shape, indptr, indices, values
        See `CsrPattern`; int64.
    rows : torch.Tensor, shape (n_entries,), int64
        Row of every entry.
    transpose_indptr, transpose_indices, transpose_order : torch.Tensor, int64
        CSR structure of the transpose; ``values[transpose_order]`` are its entries.
    """

    rows: torch.Tensor
    transpose_indptr: torch.Tensor
    transpose_indices: torch.Tensor
    transpose_order: torch.Tensor

    @classmethod
    def from_scipy(
        cls,
        matrix: sparse.csr_matrix,
        device: torch.device | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> SparsePattern:
        """Take a scipy CSR matrix."""
        n_rows, n_columns = (int(n) for n in matrix.shape)
        rows = np.repeat(np.arange(n_rows), np.diff(matrix.indptr))
        order = np.lexsort((rows, matrix.indices))
        counts = np.bincount(matrix.indices, minlength=n_columns)

        def index(array: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(np.asarray(array, dtype=np.int64)).to(device or "cpu")

        return cls(
            shape=(n_rows, n_columns),
            indptr=index(matrix.indptr),
            indices=index(matrix.indices),
            rows=index(rows),
            values=torch.from_numpy(np.asarray(matrix.data)).to(device=device, dtype=dtype),
            transpose_indptr=index(np.concatenate([[0], np.cumsum(counts)])),
            transpose_indices=index(rows[order]),
            transpose_order=index(order),
        )

    def transpose_matmul(self, dense: torch.Tensor) -> torch.Tensor:
        """Transpose times dense, shape (n_columns, n_dims)."""
        values = self.values[self.transpose_order]
        shape = (self.shape[1], self.shape[0])
        return _csr(self.transpose_indptr, self.transpose_indices, values, shape) @ dense

    def sampled_product(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """``sum_k left[i, k] right[j, k]`` at the stored entries (i, j), shape (n_entries,)."""
        if left.device.type in {"cpu", "cuda"}:
            return super().sampled_product(left, right)
        chunk = max(1, 2**22 // left.shape[1])
        starts = range(0, len(self.rows), chunk)
        pairs = [(self.rows[s : s + chunk], self.indices[s : s + chunk]) for s in starts]
        return torch.cat([(left[i] * right[j]).sum(dim=1) for i, j in pairs])
