"""Pictures out of TIFF files, of all types of pixels that microscopes and programs write."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import IO

from assb.layout import JPEG
from assb.pages import chosen_page, contents_of
from assb.pixels import Raster, pixels_of_page, pixels_of_plane
from cnn.scale import check_size

# Byte order and version: TIFF and BigTIFF.
MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Its log is for programmers: what it stumbles over comes as an error.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


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
        contents = contents_of(tiff, file, page, path)
    except Exception as error:
        raise ValueError(f"it cannot be read: {error}") from error
    layout, plane = chosen_page(contents, page)
    check_size(layout.width * layout.height, f"it is {layout.width:,} x {layout.height:,}: it")
    gray = (
        pixels_of_plane(file, contents.byteorder, layout, plane)
        if plane
        else pixels_of_page(tiff, file, layout)
    )
    notes = ("it is packed as JPEG, whose artefacts blur edges",) if layout.compression in JPEG else ()
    scan = contents.scan if layout.orientation in (0, 1) else None
    return Raster(gray, contents.stated, scan, notes)
