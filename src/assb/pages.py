"""Which pictures a TIFF file holds, and which of them is read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from assb.layout import NOT_COMPRESSED, PageLayout, layout_of
from assb.lengths import MOST_TEXT, Scan, Stated
from assb.markup import ome_pictures
from assb.stated import stated_by_tags

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

# Thumbnails are sought among so many pages; more make a stack, in which looking at each would take long.
FEW_PAGES = 100
# A page with both sides at most this part of the largest one's is a thumbnail, even if no tag says so.
THUMBNAIL = 0.5


class SeveralPictures(ValueError):
    """Of several pictures one must be chosen."""


class Contents(NamedTuple):
    """What a TIFF file holds."""

    pictures: list[PageLayout]  # without thumbnails
    stated_pictures: int  # how many its description speaks of
    planes_behind: bool  # of one page, as ImageJ writes large stacks
    stated: Stated | None
    scan: Scan | None
    byteorder: str
    size: int  # of the file [bytes]


def contents_of(tiff: TiffFile, file: IO[bytes], page: int | None, path: Path | None) -> Contents:
    """All that is asked of tifffile before pixels are read."""
    count = len(tiff.pages)
    if count <= FEW_PAGES:
        layouts = [layout_of(tiff.pages[index], index) for index in range(count)]  # type: ignore[arg-type]
        pictures = [layout for layout in layouts if not layout.thumbnail] or layouts
        width, height = (max(getattr(layout, side) for layout in pictures) for side in ("width", "height"))
        pictures = [
            layout
            for layout in pictures
            if layout.width > THUMBNAIL * width or layout.height > THUMBNAIL * height
        ]
    else:
        index = page - 1 if page is not None and 1 <= page <= count else 0
        pictures = [layout_of(tiff.pages[index], index)] * count  # type: ignore[arg-type]
    first = pictures[0] if page is None or not 1 <= page <= len(pictures) else pictures[page - 1]
    chosen: TiffPage = tiff.pages[first.number]  # type: ignore[assignment]
    description = _description(chosen) or _description(tiff.pages[0])  # type: ignore[arg-type]
    tags = {tag.code: tag.value for tag in (*tiff.pages[0].tags, *chosen.tags)}  # type: ignore[union-attr]
    stated, scan = stated_by_tags(tags, description, first.width, path)
    of_imagej = description.startswith("ImageJ=")
    count = _of_imagej(description) if of_imagej else ome_pictures(description, first) or 1
    return Contents(pictures, count, of_imagej, stated, scan, tiff.byteorder, file.seek(0, 2))


def _description(page: TiffPage) -> str:
    tag = page.tags.get(270)
    if tag is None or tag.count > MOST_TEXT:
        return ""
    value = tag.value
    return value if isinstance(value, str) else bytes(value).decode("latin-1")


def _of_imagej(description: str) -> int:
    """Number of pictures that ImageJ writes into the description."""
    counts = {name: int(n) for name, n in re.findall(r"^(\w+)=(\d{1,9})\s*$", description, re.MULTILINE)}
    product = 1
    for name in ("channels", "slices", "frames"):
        product *= max(1, counts.get(name, 1))
    return max(product, counts.get("images", 1))


def chosen_page(contents: Contents, page: int | None) -> tuple[PageLayout, int]:
    """The page to be read, and the number of the plane where ImageJ wrote several without pages; 0: none.

    Raises
    ------
    ValueError
        `SeveralPictures` if there are more and none is wanted, or it is not there.
    """
    pictures, stated = contents.pictures, contents.stated_pictures
    count, first = len(pictures), pictures[0]
    planes = 0
    ends = [offset + length for offset, length in zip(first.offsets, first.lengths, strict=False)]
    in_sequence = ends[:-1] == list(first.offsets[1:])
    if (
        contents.planes_behind
        and count == 1 < stated
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
        raise SeveralPictures(
            f"its description states {stated} pictures, it holds {count}: it was cut off; "
            f"a page of it can be chosen, 1 to {count}"
        )
    check_page(page, count)
    number = page or 1
    return (first, number) if planes > 1 else (pictures[number - 1], 0)


def check_page(page: int | None, count: int) -> None:
    """Raise ValueError unless a file of so many pictures has such a page, or a single one."""
    if page is None and count > 1:
        raise SeveralPictures(f"it holds {count} pictures, one per file is read: choose its page")
    if page is not None and not 1 <= page <= count:
        raise ValueError(f"page must be in [1, {count}], the pictures that it holds, got {page}")
