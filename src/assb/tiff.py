"""Pictures out of TIFF files, of all types of pixels that microscopes and programs write."""

from __future__ import annotations

import logging
import re
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from assb.stated import MOST_TEXT, Scan, Stated, stated_by_tags
from cnn.scale import check_size

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

# Byte order and version: TIFF and BigTIFF.
MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Its log is for programmers: what it stumbles over comes as an error.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

NOT_COMPRESSED, DEFLATE, JPEG = 1, (8, 32946), (6, 7)
WHITE_IS_ZERO, BLACK_IS_ZERO, PALETTE = 0, 1, 3
GRAY_MODES = ("1", "L", "I", "F")
# Thumbnails are sought among so many pages; more make a stack, in which looking at each would take long.
FEW_PAGES = 100
# A page with both sides at most this part of the largest one's is a thumbnail, even if no tag says so.
THUMBNAIL = 0.5
OLD_KIND_OF_PAGE, OLD_THUMBNAIL, ORIENTATION = 255, 2, 274


class Raster(NamedTuple):
    """Gray values as they lie in a file, and what it says of them."""

    gray: np.ndarray
    stated: Stated | None
    scan: Scan | None
    notes: tuple[str, ...] = ()


class Layout(NamedTuple):
    """How the pixels of a page lie in its file."""

    number: int  # among all pages, from 0
    width: int
    height: int
    samples: int
    depth: int
    bits: int
    dtype: str  # of NumPy, or how its bits are to be read
    photometric: int
    colours: str  # name of the photometric interpretation
    compression: int
    packing: str  # name of the compression
    orientation: int
    thumbnail: bool
    offsets: tuple[int, ...]
    lengths: tuple[int, ...]
    chunk: int  # samples unpacked at once
    chunk_bytes: int

    @property
    def type_name(self) -> str:
        """Its pixels in words."""
        samples = "" if self.samples == 1 else f" of {self.samples} samples"
        return f"{self.dtype} pixels{samples} ({self.colours.lower()}, {self.packing.lower()})"


class Contents(NamedTuple):
    """What a TIFF file holds."""

    pictures: list[Layout]  # without thumbnails
    stated_pictures: int  # how many its description speaks of
    stated: Stated | None
    scan: Scan | None
    byteorder: str
    size: int  # of the file [bytes]


def read_tiff(file: IO[bytes], page: int | None, path: Path | None) -> Raster:
    """Read a picture of a TIFF file; of several the page must be chosen, counted from 1 without thumbnails.

    Raises
    ------
    ValueError
        If it is damaged, too large, of a type that is not read, transparent, or not chosen.
    """
    import tifffile

    # tifffile promises no more than its own errors for damaged files, and raises whatever it stumbles over.
    try:
        tiff = tifffile.TiffFile(file)
        contents = _contents(tiff, file, page, path)
    except Exception as error:
        raise ValueError(f"it cannot be read: {error}") from error
    layout, plane = _chosen(contents, page)
    check_size(layout.width * layout.height, f"it is {layout.width:,} x {layout.height:,}: it")
    gray = _plane(file, contents, layout, plane) if plane else _pixels(tiff, file, layout)
    notes = ("it is packed as JPEG, whose artefacts blur edges",) if layout.compression in JPEG else ()
    scan = contents.scan if layout.orientation in (0, 1) else None
    return Raster(gray, contents.stated, scan, notes)


def _contents(tiff: TiffFile, file: IO[bytes], page: int | None, path: Path | None) -> Contents:
    """All that is asked of tifffile before pixels are read."""
    count = len(tiff.pages)
    if count <= FEW_PAGES:
        layouts = [_layout(tiff.pages[index], index) for index in range(count)]  # type: ignore[arg-type]
        pictures = [layout for layout in layouts if not layout.thumbnail] or layouts
        width, height = (max(getattr(layout, side) for layout in pictures) for side in ("width", "height"))
        pictures = [
            layout
            for layout in pictures
            if layout.width > THUMBNAIL * width or layout.height > THUMBNAIL * height
        ]
    else:
        index = page - 1 if page is not None and 1 <= page <= count else 0
        pictures = [_layout(tiff.pages[index], index)] * count  # type: ignore[arg-type]
    first = pictures[0] if page is None or not 1 <= page <= len(pictures) else pictures[page - 1]
    chosen: TiffPage = tiff.pages[first.number]  # type: ignore[assignment]
    description = _description(chosen) or _description(tiff.pages[0])  # type: ignore[arg-type]
    tags = {tag.code: tag.value for tag in (*tiff.pages[0].tags, *chosen.tags)}  # type: ignore[union-attr]
    stated, scan = stated_by_tags(tags, description, first.width, path)
    size = file.seek(0, 2)
    return Contents(pictures, _stated_pictures(description), stated, scan, tiff.byteorder, size)


def _description(page: TiffPage) -> str:
    tag = page.tags.get(270)
    if tag is None or tag.count > MOST_TEXT:
        return ""
    value = tag.value
    return value if isinstance(value, str) else bytes(value).decode("latin-1")


def _stated_pictures(description: str) -> int:
    """Number of pictures that ImageJ writes into the description."""
    if not description.startswith("ImageJ="):
        return 1
    counts = {name: int(n) for name, n in re.findall(r"^(\w+)=(\d{1,9})\s*$", description, re.MULTILINE)}
    product = 1
    for name in ("channels", "slices", "frames"):
        product *= max(1, counts.get(name, 1))
    return max(product, counts.get("images", 1))


def _layout(page: TiffPage, index: int) -> Layout:
    samples = int(page.samplesperpixel)
    bits = page.bitspersample if isinstance(page.bitspersample, int) else max(page.bitspersample)
    dtype = str(page.dtype) if page.dtype is not None else f"{bits} bit (sample format {page.sampleformat})"
    chunk = int(np.prod([int(length) for length in page.chunks], dtype=object)) if page.dtype else 0
    return Layout(
        number=index,
        width=int(page.imagewidth),
        height=int(page.imagelength),
        samples=samples,
        depth=int(page.imagedepth),
        bits=int(bits),
        dtype=dtype,
        photometric=int(page.photometric),
        colours=_name(page.photometric),
        compression=int(page.compression),
        packing=_name(page.compression),
        orientation=int(page.tags.valueof(ORIENTATION, 1)),
        thumbnail=bool(page.subfiletype & 5) or page.tags.valueof(OLD_KIND_OF_PAGE, 0) == OLD_THUMBNAIL,
        offsets=tuple(map(int, page.dataoffsets)),
        lengths=tuple(map(int, page.databytecounts)),
        chunk=chunk,
        chunk_bytes=chunk * (page.dtype.itemsize if page.dtype is not None else 0),
    )


def _name(number: object) -> str:
    return str(getattr(number, "name", f"code {number}")).replace("_", " ")


def _chosen(contents: Contents, page: int | None) -> tuple[Layout, int]:
    """The page to be read, and the number of the plane where ImageJ wrote several without pages; 0: none."""
    pictures, stated = contents.pictures, contents.stated_pictures
    count, first = len(pictures), pictures[0]
    planes = 0
    ends = [offset + length for offset, length in zip(first.offsets, first.lengths, strict=False)]
    in_sequence = ends[:-1] == list(first.offsets[1:])
    if (
        count == 1 < stated
        and first.compression == NOT_COMPRESSED
        and first.samples == 1
        and ends
        and in_sequence
    ):
        # Large stacks of ImageJ have one page, and the other planes lie behind it.
        length = first.width * first.height * first.bits // 8
        whole = length and sum(first.lengths) == length
        planes = min(stated, (contents.size - first.offsets[0]) // length) if whole else 0
    count = max(count, planes)
    if page is None and stated > count:
        raise ValueError(
            f"its description states {stated} pictures, it holds {count}: it was cut off; "
            f"a page of it can be chosen, 1 to {count} (--page)"
        )
    if page is None and count > 1:
        raise ValueError(f"it holds {count} pictures, one per file is read: choose its page (--page)")
    check_page(page, count)
    number = page or 1
    return (first, number) if planes > 1 else (pictures[number - 1], 0)


def check_page(page: int | None, count: int) -> None:
    """Raise ValueError unless a file of so many pictures has such a page."""
    if page is not None and not 1 <= page <= count:
        raise ValueError(f"page must be in [1, {count}], the pictures that it holds, got {page}")


def _plane(file: IO[bytes], contents: Contents, layout: Layout, plane: int) -> np.ndarray:
    """A plane of a stack whose planes lie one behind the other."""
    if layout.bits % 8 or np.dtype(layout.dtype).kind not in "uif":
        raise ValueError(f"it has {layout.type_name}, which are not read out of a stack without pages")
    kind = np.dtype(layout.dtype).newbyteorder(contents.byteorder)  # type: ignore[arg-type]
    count = layout.width * layout.height
    file.seek(layout.offsets[0] + (plane - 1) * count * kind.itemsize)
    gray = np.frombuffer(file.read(count * kind.itemsize), kind).astype(layout.dtype)
    return _upright(_black_is_zero(gray.reshape(layout.height, layout.width), layout), layout.orientation)


def _pixels(tiff: TiffFile, file: IO[bytes], layout: Layout) -> np.ndarray:
    """Gray values of a page, black at the lowest, the right way up."""
    alike = layout.samples == 1 and _as_pillow_reads(layout, tiff.byteorder)
    colours = layout.samples > 2 and layout.dtype in ("uint8", "uint16")
    if alike or colours or layout.photometric not in (WHITE_IS_ZERO, BLACK_IS_ZERO):
        return _by_pillow(file, layout)
    return _by_tifffile(tiff, file, layout)


def _as_pillow_reads(layout: Layout, byteorder: str) -> bool:
    """Whether Pillow reads gray values of this type as they are.

    It takes unsigned ones of 32 bit for signed, and exchanges the bytes of big-endian ones that are packed.
    """
    if layout.dtype in ("bool", "uint8"):
        return True
    white = layout.photometric == WHITE_IS_ZERO
    if byteorder == ">":
        return layout.dtype == "uint16" and not white
    return layout.dtype in ("uint16", "float32") or (layout.dtype in ("int16", "int32") and not white)


def _by_pillow(file: IO[bytes], layout: Layout) -> np.ndarray:
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


def _by_tifffile(tiff: TiffFile, file: IO[bytes], layout: Layout) -> np.ndarray:
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


def _check_parts(file: IO[bytes], layout: Layout) -> None:
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


def _black_is_zero(gray: np.ndarray, layout: Layout) -> np.ndarray:
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
