"""Hostile files: none of them runs code, reaches outside, or ends in a traceback."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import struct
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import anndata
import h5py
import numpy as np
import pytest

from napari_tessera.cli.main import main
from napari_tessera.contract.errors import TesseraError
from napari_tessera.jobs.checkpoint import load_state
from napari_tessera.jobs.run_dir import RunDir

if TYPE_CHECKING:
    from tests.cli.conftest import Sample

SRC = Path(__file__).parents[2] / "src"


class Evil:
    """Makes a marker file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.marker),))


def payload(marker: Path, protocol: int = 4) -> bytes:
    """Pickle that runs code."""
    return pickle.dumps(Evil(marker), protocol=protocol)


def torch_archive(marker: Path) -> bytes:
    """Zip archive as torch.save makes it, with a pickle that runs code."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("archive/data.pkl", payload(marker, 2))
        archive.writestr("archive/version", "3")
    return raw.getvalue()


def object_array(marker: Path) -> bytes:
    """``.npy`` of objects."""
    raw = io.BytesIO()
    np.save(raw, np.array([Evil(marker)], dtype=object), allow_pickle=True)
    return raw.getvalue()


PAYLOADS = {
    "pickle": payload,
    "old pickle": lambda marker: payload(marker, 0),
    "torch archive": torch_archive,
    "object array": object_array,
}


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """Where code would leave its mark."""
    return tmp_path / "code_ran"


def quiet(words: list[str], capfd: pytest.CaptureFixture[str]) -> int:
    """Run the command; a traceback is a failure."""
    capfd.readouterr()
    code = main(words)
    assert "Traceback" not in capfd.readouterr().err
    return code


@pytest.mark.parametrize("kind", sorted(PAYLOADS))
@pytest.mark.parametrize("where", ["reference", "tissue", "truth"])
def test_tables_that_are_pickles_are_refused(
    kind: str, where: str, mapped: Sample, marker: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bad = mapped.reference.with_name("bad.h5ad")
    bad.write_bytes(PAYLOADS[kind](marker))
    commands = {
        "reference": ["map", str(mapped.tissue), "--reference", str(bad)],
        "tissue": ["info", str(bad)],
        "truth": ["evaluate", "pseudospots", str(bad), str(bad.with_name("out.h5ad"))],
    }
    assert quiet(commands[where], capfd) == 2
    assert not marker.exists()


@pytest.mark.parametrize("kind", sorted(PAYLOADS))
@pytest.mark.parametrize("name", ["checkpoint", "result", "inputs"])
def test_states_that_are_pickles_are_refused(
    kind: str, name: str, tmp_path: Path, marker: Path
) -> None:
    (tmp_path / f"{name}.safetensors").write_bytes(PAYLOADS[kind](marker))
    (tmp_path / f"{name}.json").write_text('{"format": 1, "values": {}}')
    with pytest.raises(TesseraError):
        load_state(tmp_path / name)
    assert not marker.exists()


@pytest.mark.parametrize("kind", sorted(PAYLOADS))
def test_recipes_that_are_pickles_are_refused(
    kind: str, tmp_path: Path, marker: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "spec.json").write_bytes(PAYLOADS[kind](marker))
    assert quiet(["resume", str(tmp_path / "run")], capfd) != 0
    assert not marker.exists()


@pytest.mark.parametrize("kind", sorted(PAYLOADS))
def test_pictures_that_are_pickles_are_refused(
    kind: str, sample: Sample, marker: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    picture = sample.tissue.with_name("he.jpg")
    picture.write_bytes(PAYLOADS[kind](marker))
    assert quiet([*sample.map("--method", "baseline"), "--image", str(picture)], capfd) == 2
    assert not marker.exists()


@pytest.mark.parametrize(
    "codec", [{"id": "pickle", "protocol": 5}, {"id": "json2"}, {"id": "vlen-array"}]
)
def test_a_zarr_array_with_a_pickle_filter_is_refused(
    codec: dict[str, object],
    sample: Sample,
    marker: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    shutil.rmtree(sample.tissue)
    array = sample.tissue / "tables" / "table" / "X"
    array.mkdir(parents=True)
    (sample.tissue / ".zgroup").write_text('{"zarr_format": 2}')
    (array / ".zarray").write_text(
        json.dumps(
            {
                "zarr_format": 2,
                "shape": [1],
                "chunks": [1],
                "dtype": "|O",
                "compressor": None,
                "fill_value": None,
                "order": "C",
                "filters": [codec],
            }
        )
    )
    (array / "0").write_bytes(payload(marker))
    assert quiet(["info", str(sample.tissue)], capfd) != 0
    assert not marker.exists()


@pytest.mark.parametrize("name", ["../../evil", "/etc/passwd", "..", "a/b", "stem_0\n"])
def test_run_names_that_lead_elsewhere_name_no_run(
    name: str, mapped: Sample, capfd: pytest.CaptureFixture[str]
) -> None:
    before = mapped.content()
    assert quiet(["runs", str(mapped.tissue), "--delete", name], capfd) != 0
    assert mapped.content() == before


def test_a_link_to_a_file_outside_is_not_followed_into_the_counts(
    sample: Sample, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["x"] = np.ones((3, 3))
    with h5py.File(sample.reference, "a") as file:
        del file["X"]
        file["X"] = h5py.ExternalLink(str(secret), "x")
    assert quiet(sample.map("--method", "baseline"), capfd) == 2


def test_a_picture_that_claims_a_billion_pixels_is_refused(
    sample: Sample, capfd: pytest.CaptureFixture[str]
) -> None:
    head = struct.pack(">IIBBBBB", 200_000, 200_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    raw = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    raw += struct.pack(">I", zlib.crc32(chunk)) + struct.pack(">I", 0) + b"IEND"
    picture = sample.tissue.with_name("bomb.png")
    picture.write_bytes(raw + struct.pack(">I", zlib.crc32(b"IEND")))
    assert quiet([*sample.map("--method", "baseline"), "--image", str(picture)], capfd) == 2


def test_an_h5ad_that_claims_four_terabytes_is_refused(
    sample: Sample, capfd: pytest.CaptureFixture[str]
) -> None:
    with h5py.File(sample.reference, "a") as file:
        del file["X"]
        made = file.create_dataset("X", shape=(10**6, 10**6), dtype="f4", chunks=(1000, 1000))
        made.attrs["encoding-type"], made.attrs["encoding-version"] = "array", "0.2.0"
    assert quiet(sample.map("--method", "baseline"), capfd) == 2


def test_no_preview_of_objects_is_loaded(tmp_path: Path, marker: Path) -> None:
    from napari_tessera.workbench.launching import _read_preview

    (tmp_path / "preview.npy").write_bytes(object_array(marker))
    assert _read_preview(tmp_path / "preview.npy") is None
    assert not marker.exists()


def test_a_run_directory_of_pickles_is_not_resumed(tmp_path: Path, marker: Path) -> None:
    for name in ("checkpoint0", "checkpoint1"):
        (tmp_path / f"{name}.safetensors").write_bytes(payload(marker))
        (tmp_path / f"{name}.json").write_text("{}")
    assert RunDir(tmp_path).load_checkpoint() is None
    assert not marker.exists()


@pytest.mark.parametrize(
    "way", ["pickle.load", "torch.load", "allow_pickle=True", "extractall", "yaml.load", "eval("]
)
def test_the_package_has_no_way_to_run_what_it_reads(way: str) -> None:
    guilty = [p.name for p in SRC.rglob("*.py") if way in p.read_text().replace(".eval(", "")]
    assert guilty == []


def test_a_pickled_object_among_the_notes_of_a_table_is_left_alone(
    sample: Sample, marker: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    cells = anndata.read_h5ad(sample.reference)
    cells.uns["note"] = np.frombuffer(payload(marker), dtype=np.uint8)
    cells.write_h5ad(sample.reference)
    assert quiet(sample.map("--method", "baseline"), capfd) == 0
    assert not marker.exists()
