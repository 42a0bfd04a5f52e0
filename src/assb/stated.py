"""Side of a pixel that microscopes and programs state: in tags of TIFF, descriptions, files beside."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from assb.lengths import MOST_TEXT, UM_PER_INCH, UM_PER_METRE, Scan, Stated, positive, unit_length
from assb.markup import ome_scale, thermo_scale

# Tags of TIFF, and the lengths of its units of resolution [um].
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 282, 283, 296
FEI, FEI_OLD, THERMO, ZEISS, TESCAN = 34682, 34680, 34683, 34118, 50431
TIFF_UNITS = {2: UM_PER_INCH, 3: 10_000.0}
SCANNED = re.compile(
    r"^[ \t]*(?:DataSize[ \t]*=|\$CM_FULL_SIZE)[ \t]*(\d{1,6})[ \t]*[x ][ \t]*(\d{1,6})", re.MULTILINE
)
# Widths are stated to three digits at least.
ROUNDED = 0.005
NUMBER = r"[ \t]*[=: ][ \t]*([-+]?[\d.]+(?:[eE][-+]?\d+)?)"


def stated_by_tags(
    tags: Mapping[int, Any], description: str, width: int, path: Path | None
) -> tuple[Stated | None, Scan | None]:
    """Sides of a pixel that the microscope or a program wrote of a TIFF, and the size that was scanned.

    Parameters
    ----------
    tags
        Values by their codes, as tifffile reads them; the microscope's count more than those of resolution,
        which editors overwrite.
    description
        The tag of that name.
    width
        Of the picture [pixels].
    path
        Of the file, where it has one: the microscope may state it in a file beside.
    """
    for read in (_fei, _thermo, _zeiss, _tescan):
        stated, scan = read(tags)
        if stated:
            return _unless_resized(stated, scan, width)
    stated, scan = stated_in_text(description)
    if stated:
        return _unless_resized(stated, scan, width)
    stated, scan = stated_beside(path, width)
    if stated:
        return stated, scan
    return ome_scale(description) or _resolution(tags, description), None


def _unless_resized(stated: Stated, scan: Scan | None, width: int) -> tuple[Stated | None, Scan | None]:
    """What was stated of a picture of this width; nothing counts of one that has another now."""
    if scan is not None and scan.width is not None and abs(scan.width - width) > ROUNDED * width:
        return None, None
    return stated, scan


def _fei(tags: Mapping[int, Any]) -> tuple[Stated | None, Scan | None]:
    """Of FEI and Thermo Fisher: sections of keys, lengths in m."""
    sections = tags.get(FEI) or tags.get(FEI_OLD)
    if not isinstance(sections, Mapping):
        return None, None
    parts = [
        part
        for part in (sections.get(name) for name in ("Scan", "EScan", "IScan"))
        if isinstance(part, Mapping)
    ]
    sides = [
        (positive(part.get("PixelWidth")), positive(part.get("PixelHeight", part.get("PixelWidth"))))
        for part in parts
    ]
    stated = next((Stated(UM_PER_METRE * x, UM_PER_METRE * y) for x, y in sides if x and y), None)
    image = sections.get("Image")
    size = image if isinstance(image, Mapping) else {}
    width, height = (positive(size.get(f"Resolution{axis}")) for axis in "XY")
    return stated, Scan(int(width) if width else None, int(height) if height else None)


def _thermo(tags: Mapping[int, Any]) -> tuple[Stated | None, Scan | None]:
    """Of newer ones of FEI and Thermo Fisher: XML."""
    return thermo_scale(_text(tags.get(THERMO)))


def _zeiss(tags: Mapping[int, Any]) -> tuple[Stated | None, Scan | None]:
    """Of Zeiss: of its sizes of pixels the one of the image as it was stored, and how wide that was."""
    values = tags.get(ZEISS)
    if not isinstance(values, Mapping):
        return None, None
    side, of_area = (_zeiss_length(values.get(key)) for key in ("ap_image_pixel_size", "ap_width"))
    if side is None:
        return None, None
    stored = values.get("dp_image_store")
    size = re.match(r"\s*(\d{1,6})\s*\*", str(stored[1])) if _is_entry(stored, 2) else None
    width = float(size[1]) if size else of_area / side if of_area else None
    return Stated(side, side), Scan(width, None)


def _is_entry(entry: object, length: int) -> TypeGuard[Sequence[Any]]:
    """Whether it is what tifffile makes of a line: name, value, and unit."""
    return isinstance(entry, Sequence) and not isinstance(entry, str) and len(entry) >= length


def _zeiss_length(entry: object) -> float | None:
    """Length of a line [um], None if it states none."""
    if not _is_entry(entry, 3):
        return None
    number, unit = positive(entry[1]), unit_length(str(entry[2]))
    return number * unit if number and unit else None


def _tescan(tags: Mapping[int, Any]) -> tuple[Stated | None, Scan | None]:
    """Of Tescan: lines of keys, lengths in m, behind some bytes."""
    value = tags.get(TESCAN)
    if isinstance(value, Mapping):
        value = "\n".join(f"{key}={entry}" for key, entry in value.items())
    return stated_in_text(_text(value))


def _text(value: object) -> str:
    """Text of a tag, empty if it is none."""
    if isinstance(value, tuple) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
        value = bytes(value)
    if isinstance(value, bytes):
        value = value.rstrip(b"\0").decode("latin-1")
    return value if isinstance(value, str) else ""


def stated_in_text(text: str) -> tuple[Stated | None, Scan | None]:
    """Sides of a pixel that lines of Tescan, Hitachi, JEOL or FEI state, and the size that was scanned."""
    if len(text) > MOST_TEXT:
        return None, None
    for names, unit in (
        (("PixelSizeX", "PixelSizeY"), UM_PER_METRE),
        (("PixelWidth", "PixelHeight"), UM_PER_METRE),
    ):
        x, y = (positive(_key(text, name)) for name in names)
        if x:
            return Stated(unit * x, unit * (y or x)), None
    size = SCANNED.search(text)
    scan = Scan(int(size[1]), int(size[2])) if size else Scan(None, None)
    # Hitachi: nm. JEOL: a bar of so many pixels, and its length with the unit.
    of_hitachi = size is not None or "[SemImageFile]" in text
    if of_hitachi and (side := positive(_key(text, "PixelSize"))):
        return Stated(1e-3 * side, 1e-3 * side), scan
    pixels = positive(_key(text, r"\$+SM_MICRON_BAR"))
    marker = re.search(r"^[ \t]*\$+SM_MICRON_MARKER[ \t=]+([\d.]+)[ \t]*(\S+)", text, re.MULTILINE)
    length, unit_of_bar = (positive(marker[1]), unit_length(marker[2])) if marker else (None, None)
    if pixels and length and unit_of_bar:
        return Stated(length * unit_of_bar / pixels, length * unit_of_bar / pixels), scan
    return None, None


def _key(text: str, name: str) -> str | None:
    value = re.search(rf"^[ \t]*{name}{NUMBER}", text, re.MULTILINE)
    return value[1] if value else None


def stated_beside(path: Path | None, width: int) -> tuple[Stated | None, Scan | None]:
    """What the file beside a picture states that JEOL, Hitachi (.txt) and Tescan (.hdr) write with it."""
    if path is None:
        return None, None
    names = (path.stem + ".txt", path.stem + ".TXT", path.name + ".txt", path.stem + ".hdr")
    for name in (*names, f"{path.stem}-{path.suffix[1:]}.hdr"):
        try:
            with open(path.with_name(name), "rb") as file:
                content = file.read(MOST_TEXT)
        except (OSError, ValueError):
            continue
        wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
        stated, scan = stated_in_text(content.decode("utf-16" if wide else "latin-1", errors="replace"))
        if stated:
            return _unless_resized(stated, scan, width)
    return None, None


def _resolution(tags: Mapping[int, Any], description: str) -> Stated | None:
    """Of the tags of resolution, in the unit of ImageJ where it names one."""
    code = tags.get(RESOLUTION_UNIT, 0)
    unit = TIFF_UNITS.get(int(code)) if isinstance(code, int) else None
    if named := re.search(r"^unit=(.+)$", description, re.MULTILINE):
        unit = unit_length(named[1])
    return sides(unit, [_ratio(tags.get(tag)) for tag in (X_RESOLUTION, Y_RESOLUTION)])


def _ratio(value: object) -> float:
    """A fraction, 0 if it is none."""
    if isinstance(value, tuple) and len(value) == 2:
        above, below = (positive(part) for part in value)
        return above / below if above and below else 0.0
    return positive(value) or 0.0


def sides(unit: float | None, dots: Sequence[float] | None) -> Stated | None:
    """Sides of a pixel of so many dots per unit [um]; None where either is not known."""
    return Stated(unit / dots[0], unit / dots[1]) if unit and dots and min(dots) > 0 else None
