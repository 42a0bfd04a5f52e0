"""Gray values out of a page of a TIFF, by Pillow where it reads them as they are, else by tifffile."""

from __future__ import annotations

import zlib
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from assb.layout import BLACK_IS_ZERO, DEFLATE, NOT_COMPRESSED, WHITE_IS_ZERO, PageLayout
from assb.lengths import Scan, Stated
from cnn.scale import check_size

if TYPE_CHECKING:
    from tifffile import TiffFile

GRAY_MODES = ("1", "L", "I", "F")


class Raster(NamedTuple):
    """Gray values as they lie in a file, and what it says of them."""

    gray: np.ndarray
    stated: Stated | None
    scan: Scan | None
    notes: tuple[str, ...] = ()


def pixels_of_plane(file: IO[bytes], byteorder: str, layout: PageLayout, plane: int) -> np.ndarray:
    """Gray values of a plane, from 1, of a stack whose planes lie one behind the other."""
    if layout.bits % 8 or np.dtype(layout.dtype).kind not in "uif":
        raise ValueError(f"it has {layout.type_name}, which are not read out of a stack without pages")
    kind = np.dtype(layout.dtype).newbyteorder(byteorder)  # type: ignore[arg-type]
    count = layout.width * layout.height
    file.seek(layout.offsets[0] + (plane - 1) * count * kind.itemsize)
    gray = np.frombuffer(file.read(count * kind.itemsize), kind).astype(layout.dtype)
    return _upright(_black_is_zero(gray.reshape(layout.height, layout.width), layout), layout.orientation)


def pixels_of_page(tiff: TiffFile, file: IO[bytes], layout: PageLayout) -> np.ndarray:
    """Gray values of a page, black at the lowest, the right way up."""
    alike = layout.samples == 1 and _as_pillow_reads(layout, tiff.byteorder)
    colours = layout.samples > 2 and layout.dtype in ("uint8", "uint16")
    if alike or colours or layout.photometric not in (WHITE_IS_ZERO, BLACK_IS_ZERO):
        return _by_pillow(file, layout)
    return _by_tifffile(tiff, file, layout)


def _as_pillow_reads(layout: PageLayout, byteorder: str) -> bool:
    """Whether Pillow reads gray values of this type as they are.

    It takes unsigned ones of 32 bit for signed, and exchanges the bytes of big-endian ones that are packed.
    """
    if layout.dtype in ("bool", "uint8"):
        return True
    white = layout.photometric == WHITE_IS_ZERO
    if byteorder == ">":
        return layout.dtype == "uint16" and not white
    return layout.dtype in ("uint16", "float32") or (layout.dtype in ("int16", "int32") and not white)


def _by_pillow(file: IO[bytes], layout: PageLayout) -> np.ndarray:
    file.seek(0)
    try:
        image = Image.open(file, formats=("TIFF",))
        image.seek(layout.number)
    except UnidentifiedImageError as error:
        raise ValueError(f"it has {layout.type_name}, which are not read") from error
    check_size(image.width * image.height, f"it is {image.width:,} x {image.height:,}: it")
    # Pillow turns pictures by their orientation, and swaps black and white of 8 bits and less.
    gray = gray_values(image)
    swapped = layout.bits <= 8 or layout.samples > 1
    return gray if swapped else _black_is_zero(gray.astype(layout.dtype, copy=False), layout)


def _by_tifffile(tiff: TiffFile, file: IO[bytes], layout: PageLayout) -> np.ndarray:
    kinds = layout.dtype in (
        "bool",
        *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
    )
    if (
        not (kinds or layout.dtype in ("float16", "float32", "float64"))
        or layout.samples > 2
        or layout.depth != 1
    ):
        raise ValueError(f"it has {layout.type_name}, which are not read")
    check_size(layout.chunk, "one of its tiles")
    _check_parts(file, layout)
    try:
        array = np.asarray(tiff.pages[layout.number].asarray(maxworkers=1))
    except Exception as error:
        raise ValueError(f"its {layout.type_name} cannot be read: {error}") from error
    # Samples lie side by side, or one picture of each behind the other.
    shape = layout.height, layout.width
    if layout.samples == 2 and array.shape in ((*shape, 2), (2, *shape)):
        array = np.moveaxis(array, 0, -1) if array.shape[1:] == shape else array
        check_opaque(array[..., 1], np.iinfo(array.dtype).max if array.dtype.kind in "ui" else 1)
        array = array[..., 0]
    if array.shape != shape:
        raise ValueError(f"it has {layout.type_name} in {array.ndim} dimensions, which are not read")
    return _upright(_black_is_zero(array, layout), layout.orientation)


def _check_parts(file: IO[bytes], layout: PageLayout) -> None:
    """Raise ValueError unless the parts of a page are there and unpack to no more than they should."""
    size = file.seek(0, 2)
    if not layout.offsets or any(
        length <= 0 or offset + length > size
        for offset, length in zip(layout.offsets, layout.lengths, strict=True)
    ):
        raise ValueError("it cannot be read: pixels are missing, the file is cut off")
    if layout.compression == NOT_COMPRESSED:
        if sum(layout.lengths) * 8 < layout.width * layout.height * layout.samples * layout.bits:
            raise ValueError("it cannot be read: pixels are missing")
        return
    if layout.compression not in DEFLATE:
        raise ValueError(f"it has {layout.type_name}, which are not read: save it without compression")
    for offset, length in zip(layout.offsets, layout.lengths, strict=True):
        file.seek(offset)
        if (
            len(zlib.decompressobj().decompress(file.read(length), layout.chunk_bytes + 1))
            > layout.chunk_bytes
        ):
            raise ValueError("it cannot be read: a part of it unpacks to more pixels than it has")


def _black_is_zero(gray: np.ndarray, layout: PageLayout) -> np.ndarray:
    """Gray values of which high ones are bright."""
    if layout.photometric != WHITE_IS_ZERO:
        return gray
    if gray.dtype.kind == "f":
        # Floats have no largest value: the range of the picture stays.
        wide = gray.astype(np.promote_types(gray.dtype, np.float32))
        with np.errstate(over="ignore", invalid="ignore"):
            return wide.min() + (wide.max() - wide)
    return ~gray


def _upright(gray: np.ndarray, orientation: int) -> np.ndarray:
    """Turn and mirror a picture so that its first row is the top one, its first column the left one."""
    if orientation in (5, 6, 7, 8):
        gray = gray.T
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(gray[::rows, ::columns])


def check_opaque(alpha: np.ndarray, opaque: float) -> None:
    """Raise ValueError if a pixel is transparent: what it shows depends on what lies behind."""
    if clear := int(np.count_nonzero(alpha != opaque)):
        raise ValueError(
            f"it is transparent in {clear:,} of {alpha.size:,} pixels: save it on an opaque background"
        )


def gray_values(image: Image.Image) -> np.ndarray:
    """Gray values of a picture that Pillow has opened; colours become their luminance.

    Raises
    ------
    ValueError
        If a part of it is transparent.
    """
    if image.mode in GRAY_MODES or image.mode.startswith("I;16"):
        gray = np.array(image)
        if isinstance(key := image.info.get("transparency"), int):
            # One gray value stands for nothing.
            check_opaque(gray != key, True)
        return gray
    if image.has_transparency_data:
        check_opaque(np.asarray(image.convert("RGBA").getchannel("A")), 255)
    return np.array(image.convert("L"))
