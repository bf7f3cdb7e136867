"""What files claim before they are read: their size, and where they lead."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import psutil

from napari_tessera.data.foreign import check_hdf5_layout, check_hdf5_start
from napari_tessera.data.problems import refusal

if TYPE_CHECKING:
    from pathlib import Path

GIB = 2**30


def free_memory() -> int:
    """Bytes of memory that are free."""
    return int(psutil.virtual_memory().available)


def refuse_claim(where: str, claimed: int, column: str = "") -> None:
    """Refuse what does not fit into the memory that is free.

    Raises
    ------
    RefusedError
        It says what is claimed and what there is.
    """
    free = free_memory()
    if claimed > free:
        raise refusal(
            where,
            column,
            code="claims-memory",
            expected=f"an array that fits into the {free / GIB:.1f} GiB of free memory",
            found=f"one that claims {claimed / GIB:,.0f} GiB",
            hint="Subset it, or check that the file is what you think it is.",
        )


def check_h5ad(path: Path) -> None:
    """Refuse what is no AnnData file, leads elsewhere, or claims more than the memory.

    Parameters
    ----------
    path : Path
        The file; none of its arrays is read.

    Raises
    ------
    RefusedError
        It names the part.
    """
    import h5py

    check_hdf5_start(path)
    try:
        with h5py.File(path, "r") as file:
            check_hdf5_layout(path, file)
            total = _look(path, file)
    except (OSError, RuntimeError) as error:
        raise refusal(
            path,
            code="h5ad-damaged",
            expected="a whole AnnData file",
            found=f"one that is damaged or cut off ({error})",
            hint="Copy or download it again.",
        ) from error
    refuse_claim(str(path), total, "all arrays together")


def _look(path: Path, file: Any) -> int:  # noqa: ANN401 - an h5py file
    """Check every link and array; bytes that they claim together."""
    import h5py

    total, todo, seen = 0, [("", file)], set()
    while todo:
        where, group = todo.pop()
        if (at := h5py.h5o.get_info(group.id).addr) in seen:
            raise refusal(
                path,
                where,
                code="h5ad-circle",
                expected="groups inside groups",
                found="a group that holds itself",
                hint=_UNTRUSTED,
            )
        seen.add(at)
        for name in group:
            link, place = group.get(name, getlink=True), f"{where}/{name}".strip("/")
            if not isinstance(link, h5py.HardLink):
                raise refusal(
                    path,
                    place,
                    code="h5ad-link",
                    expected="data in this file",
                    found=f"a link to {getattr(link, 'filename', '')}{link.path}",
                    hint=_UNTRUSTED,
                )
            thing = group[name]
            if isinstance(thing, h5py.Group):
                todo.append((place, thing))
            elif isinstance(thing, h5py.Dataset):
                total += _claim(path, place, thing)
    return total


_UNTRUSTED = "Such files are not read; write it again with anndata's write_h5ad."


def _claim(path: Path, place: str, array: Any) -> int:  # noqa: ANN401 - an h5py dataset
    """Bytes of one array; refuses one whose data lie in other files."""
    if array.is_virtual or array.external:
        raise refusal(
            path,
            place,
            code="h5ad-elsewhere",
            expected="data in this file",
            found="an array whose values lie in other files",
            hint=_UNTRUSTED,
        )
    if array.shape is None:
        return 0
    claimed: int = math.prod(array.shape) * int(array.dtype.itemsize)
    refuse_claim(str(path), claimed, place)
    return claimed
