"""Pictures of electrodes as gray values with a scale."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from assb.databar import picture_rows
from assb.lengths import UM_PER_INCH, Scan, Stated
from assb.pages import SeveralPictures, check_page
from assb.pixels import Raster, gray_values
from assb.stated import sides, stated_beside
from assb.tiff import MAGIC, read_tiff
from cnn.scale import check_pixel, check_size
from electrode.phases import DARK_TO_BRIGHT
from provenance import FilePath

__all__ = ["AS_STATED", "UM_PER_INCH", "Acquisition", "Picture", "read_picture"]

FORMATS = ("PNG", "JPEG")
ARTEFACTS = "it is a JPEG, whose artefacts blur edges: a PNG or TIFF from the microscope is better"
# What users have besides, by the first bytes.
OTHERS = {
    b"BM": "BMP",
    b"GIF8": "GIF",
    b"RIFF": "WebP",
    b"%PDF": "PDF",
    b"\x89HDF": "HDF5",
    b"\0\0\0\x0cjP": "JPEG 2000",
    b"\0\0\0\x03": "DigitalMicrograph",
    b"\0\0\0\x04": "DigitalMicrograph",
}
# A picture is at least this share of the height of one with its data bar.
LEAST_PICTURE = 0.5


class Acquisition(NamedTuple):
    """What is known of how a picture was taken."""

    um_per_pixel: float | None = None  # side of a pixel [um]; None: the one that its file states
    brightness: Sequence[str] = DARK_TO_BRIGHT  # the phases from dark to bright
    thresholds: Sequence[float] | None = None  # the two gray values between them; None: those of Otsu
    page: int | None = None  # of a file of several, from 1; None: it holds a single one
    page_name: str = "page"  # what users choose it by, for messages


AS_STATED = Acquisition()


@dataclass(frozen=True)
class Picture:
    """Gray values [rows, columns], top row first, and the side of a pixel [um]: what `cnn.predict` takes."""

    gray: np.ndarray
    um_per_pixel: float
    notes: tuple[str, ...] = ()  # what readers should know of how it was read

    def __iter__(self) -> Iterator[Any]:
        return iter((self.gray, self.um_per_pixel))


def read_picture(
    path: FilePath | IO[bytes],
    um_per_pixel: float | None = None,
    page: int | None = None,
    page_name: str = AS_STATED.page_name,
) -> Picture:
    """Read a TIFF, PNG or JPEG of integers or floats; colours become their luminance, data bars are cut off.

    Parameters
    ----------
    path
        File of a picture, or the open file.
    um_per_pixel
        Side of a pixel [um]; without it the file must state it: tags of the microscope (FEI, Zeiss, Tescan),
        lines of JEOL, Hitachi and Tescan in it or in the file beside it, OME-XML, ImageJ's and other tags of
        resolution, or pHYs of PNG.
    page
        Of a file of several pictures, from 1, thumbnails not counted.
    page_name
        What users choose it by, for messages.

    Raises
    ------
    ValueError
        If the file cannot be read as such a picture, is too large, transparent or of several pictures, or
        the scale is missing or none; the message does not name the file.
    """
    try:
        beside = None if hasattr(path, "read") else Path(path)
        if beside is not None and beside.is_fifo():
            # To open it would wait for a writer, and nothing can be looked up in it.
            raise ValueError("it is a pipe, files are read")
        with open(beside, "rb") if beside else nullcontext(_seekable(path)) as file:  # type: ignore[arg-type]
            raster = _read(file, page, beside)
    except FileNotFoundError as error:
        raise ValueError("there is no such file") from error
    except UnidentifiedImageError as error:
        raise ValueError("it is no PNG, TIFF or JPEG image") from error
    except SeveralPictures as error:
        raise ValueError(f"{error} ({page_name})") from error
    except Image.DecompressionBombError as error:
        raise ValueError(f"it is too large: {error}") from error
    except (EOFError, OSError, SyntaxError, struct.error, zlib.error, OverflowError, TypeError) as error:
        raise ValueError(f"it cannot be read: {error}") from error
    pixel = check_pixel(um_per_pixel) if um_per_pixel is not None else _side(raster.stated)
    gray, notes = _without_bar(raster.gray, raster.scan)
    return Picture(gray, pixel, (*raster.notes, *notes))


def _seekable(file: IO[bytes]) -> IO[bytes]:
    """An open file as one that TIFF readers take: uploads lie in memory or in a file, as they please."""
    return file if isinstance(file, io.BytesIO | io.BufferedReader) else io.BytesIO(file.read())


def _read(file: IO[bytes], page: int | None, path: Path | None) -> Raster:
    head = file.read(12)
    file.seek(0)
    is_tiff = head[:4] in MAGIC
    if other := next((name for start, name in OTHERS.items() if head.startswith(start)), None):
        raise ValueError(f"it is a file of {other}, which is not read: save it as PNG or TIFF")
    with warnings.catch_warnings():
        # Pillow warns of large pictures before we can look at the size, and of tags that are damaged.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
        return read_tiff(file, page, path) if is_tiff else _read_other(file, page, path)


def _read_other(file: IO[bytes], page: int | None, path: Path | None) -> Raster:
    """Read a PNG or JPEG."""
    with Image.open(file, formats=FORMATS) as image:
        # The header tells: nothing is unpacked before.
        check_size(image.width * image.height, f"it is {image.width:,} x {image.height:,}: it")
        pictures = getattr(image, "n_frames", 1)
        check_page(page, pictures)
        if pictures > 1:
            image.seek((page or 1) - 1)
        notes = [ARTEFACTS] if image.format in ("JPEG", "MPO") else []
        stated, scan = stated_beside(path, image.width)
        stated = stated or sides(UM_PER_INCH, image.info.get("dpi"))
        return Raster(gray_values(ImageOps.exif_transpose(image)), stated, scan, tuple(notes))


def _side(stated: Stated | None) -> float:
    """Side of a pixel that a file states [um].

    Raises
    ------
    ValueError
        If it states none, two, or one that no microscope has.
    """
    advice = "give it in um per pixel"
    if stated is None:
        raise ValueError(f"it does not state its pixel size: {advice}")
    if abs(stated.width - stated.height) > 1e-3 * max(stated):
        raise ValueError(
            f"it states pixels of {stated.width:.4g} x {stated.height:.4g} um, they must be squares: {advice}"
        )
    try:
        return check_pixel(stated.width)
    except ValueError as error:
        raise ValueError(
            f"it states {stated.width:.4g} um per pixel, as for screen or print: {advice}"
        ) from error


def _without_bar(gray: np.ndarray, scan: Scan | None) -> tuple[np.ndarray, list[str]]:
    """A picture without its data bar, and a note of it."""
    rows = len(gray)
    by_file = scan.height if scan is not None and scan.height is not None else rows
    kept = by_file if LEAST_PICTURE * rows <= by_file < rows else picture_rows(gray)
    if kept == rows:
        return gray, []
    return gray[:kept], [f"its lowest {rows - kept} of {rows} rows were cut off as a data bar"]
