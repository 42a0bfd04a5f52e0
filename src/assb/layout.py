"""How the pixels of a page of a TIFF lie in its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from tifffile import TiffPage

NOT_COMPRESSED, DEFLATE, JPEG = 1, (8, 32946), (6, 7)
WHITE_IS_ZERO, BLACK_IS_ZERO = 0, 1
OLD_KIND_OF_PAGE, OLD_THUMBNAIL, ORIENTATION = 255, 2, 274


class PageLayout(NamedTuple):
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


def layout_of(page: TiffPage, index: int) -> PageLayout:
    """PageLayout of a page that is the index-th of its file, from 0."""
    samples = int(page.samplesperpixel)
    bits = page.bitspersample if isinstance(page.bitspersample, int) else max(page.bitspersample)
    dtype = str(page.dtype) if page.dtype is not None else f"{bits} bit (sample format {page.sampleformat})"
    chunk = int(np.prod([int(length) for length in page.chunks], dtype=object)) if page.dtype else 0
    return PageLayout(
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
