"""Side of a pixel that microscopes and programs state: in tags of TIFF, descriptions, files beside."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.parsers import expat

# Tags of TIFF, and the lengths of its units of resolution [um].
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 282, 283, 296
FEI, FEI_OLD, ZEISS, TESCAN = 34682, 34680, 34118, 50431
UM_PER_INCH = 25_400.0
UM_PER_METRE = 1e6
TIFF_UNITS = {2: UM_PER_INCH, 3: 10_000.0}
# Lengths of the units that ImageJ, OME and microscopes write [um], in small letters.
METRES = {"nano": 1e-3, "micro": 1.0, "milli": 1e3, "centi": 1e4, "": 1e6}
UNITS = {
    **{
        f"{name}{metre}": um
        for name, um in METRES.items()
        for metre in ("meter", "metre", "meters", "metres")
    },
    **{"pm": 1e-6, "nm": 1e-3, "um": 1.0, "micron": 1.0, "microns": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6},
    **{"å": 1e-4, "angstrom": 1e-4, "inch": UM_PER_INCH, "inches": UM_PER_INCH, "in": UM_PER_INCH},
}
# How the sign for a millionth is written: two characters of Unicode, escaped, UTF-8 taken for Latin-1.
MICRO_SIGNS = ("\\u00b5", "\\u03bc", "Âµ", "âµ", "µ", "μ")
# The OME-XML of a single picture has a few thousand characters; files beside a picture have fewer bytes.
MOST_TEXT = 1_000_000
SCANNED = re.compile(
    r"^[ \t]*(?:DataSize[ \t]*=|\$CM_FULL_SIZE)[ \t]*(\d{1,6})[ \t]*[x ][ \t]*(\d{1,6})", re.MULTILINE
)
NUMBER = r"[ \t]*[=: ][ \t]*([-+]?[\d.]+(?:[eE][-+]?\d+)?)"


class Stated(NamedTuple):
    """Sides of a pixel."""

    width: float  # [um]
    height: float  # [um]


class Scan(NamedTuple):
    """Size of a picture as it was scanned [pixels]; None where only the other side is stated."""

    width: int | None
    height: int | None


def unit_length(name: str) -> float | None:
    """Length of a unit [um], None if it is none (or pixels)."""
    name = name.strip().strip('"').lower()
    for sign in MICRO_SIGNS:
        name = name.replace(sign.lower(), "u")
    return UNITS.get(name)


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
    for read in (_fei, _zeiss, _tescan):
        stated, scan = read(tags)
        if stated:
            return _unless_resized(stated, scan, width)
    stated, scan = stated_in_text(description)
    if stated:
        return _unless_resized(stated, scan, width)
    stated, scan = stated_beside(path, width)
    if stated:
        return stated, scan
    return _ome_scale(description) or _resolution(tags, description), None


def _unless_resized(stated: Stated, scan: Scan | None, width: int) -> tuple[Stated | None, Scan | None]:
    """What was stated of a picture of this width; nothing counts of one that has another now."""
    return (stated, scan) if scan is None or scan.width in (None, width) else (None, None)


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
        (_positive(part.get("PixelWidth")), _positive(part.get("PixelHeight", part.get("PixelWidth"))))
        for part in parts
    ]
    stated = next((Stated(UM_PER_METRE * x, UM_PER_METRE * y) for x, y in sides if x and y), None)
    image = sections.get("Image")
    size = image if isinstance(image, Mapping) else {}
    width, height = (_positive(size.get(f"Resolution{axis}")) for axis in "XY")
    return stated, Scan(int(width) if width else None, int(height) if height else None)


def _zeiss(tags: Mapping[int, Any]) -> tuple[Stated | None, Scan | None]:
    """Of Zeiss: of its sizes of pixels the one of the image as it was stored."""
    values = tags.get(ZEISS)
    entry = values.get("ap_image_pixel_size") if isinstance(values, Mapping) else None
    if not isinstance(entry, Sequence) or isinstance(entry, str) or len(entry) < 3:
        return None, None
    side, unit = _positive(entry[1]), unit_length(str(entry[2]))
    return (Stated(side * unit, side * unit) if side and unit else None), None


def _tescan(tags: Mapping[int, Any]) -> tuple[Stated | None, Scan | None]:
    """Of Tescan: lines of keys, lengths in m, behind some bytes."""
    value = tags.get(TESCAN)
    if isinstance(value, Mapping):
        value = "\n".join(f"{key}={entry}" for key, entry in value.items())
    if isinstance(value, tuple) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
        value = bytes(value)
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return stated_in_text(text) if isinstance(text, str) else (None, None)


def stated_in_text(text: str) -> tuple[Stated | None, Scan | None]:
    """Sides of a pixel that lines of Tescan, Hitachi, JEOL or FEI state, and the size that was scanned."""
    if len(text) > MOST_TEXT:
        return None, None
    for names, unit in (
        (("PixelSizeX", "PixelSizeY"), UM_PER_METRE),
        (("PixelWidth", "PixelHeight"), UM_PER_METRE),
    ):
        x, y = (_positive(_key(text, name)) for name in names)
        if x:
            return Stated(unit * x, unit * (y or x)), None
    size = SCANNED.search(text)
    scan = Scan(int(size[1]), int(size[2])) if size else Scan(None, None)
    # Hitachi: nm. JEOL: a bar of so many pixels, and its length with the unit.
    of_hitachi = size is not None or "[SemImageFile]" in text
    if of_hitachi and (side := _positive(_key(text, "PixelSize"))):
        return Stated(1e-3 * side, 1e-3 * side), scan
    pixels = _positive(_key(text, r"\$+SM_MICRON_BAR"))
    marker = re.search(r"^[ \t]*\$+SM_MICRON_MARKER[ \t=]+([\d.]+)[ \t]*(\S+)", text, re.MULTILINE)
    length, unit_of_bar = (_positive(marker[1]), unit_length(marker[2])) if marker else (None, None)
    if pixels and length and unit_of_bar:
        return Stated(length * unit_of_bar / pixels, length * unit_of_bar / pixels), scan
    return None, None


def _key(text: str, name: str) -> str | None:
    value = re.search(rf"^[ \t]*{name}{NUMBER}", text, re.MULTILINE)
    return value[1] if value else None


def _positive(value: object) -> float | None:
    """A value as a finite number above 0, None if it is none."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if 0 < number < float("inf") else None


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
        above, below = (_positive(part) for part in value)
        return above / below if above and below else 0.0
    return _positive(value) or 0.0


def sides(unit: float | None, dots: Sequence[float] | None) -> Stated | None:
    """Sides of a pixel of so many dots per unit [um]; None where either is not known."""
    return Stated(unit / dots[0], unit / dots[1]) if unit and dots and min(dots) > 0 else None


def _ome_scale(description: str) -> Stated | None:
    """Sides of a pixel that OME-XML states; None where there is none, or more than one."""
    if "OME" not in description or len(description) > MOST_TEXT:
        return None
    stated: set[Stated] = set()

    def start(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(" ")[2] == "Pixels":
            # Without a unit it is um (OME schema of 2016-06).
            units = [unit_length(attributes.get(f"PhysicalSize{axis}Unit", "µm")) for axis in "XY"]
            lengths = [float(attributes[f"PhysicalSize{axis}"]) for axis in "XY"]
            width, height = (length * unit for length, unit in zip(lengths, units, strict=True) if unit)
            stated.add(Stated(width, height))

    def refuse(*of_doctype: Any) -> None:
        # Entities, which may grow without bound, are declared in one; OME-XML has none.
        raise ValueError("OME-XML has no DOCTYPE")

    parser = expat.ParserCreate(namespace_separator=" ")
    begin: Callable[..., None] = start
    parser.StartElementHandler, parser.StartDoctypeDeclHandler = begin, refuse
    try:
        parser.Parse(description.encode(), True)
    except (KeyError, ValueError, expat.ExpatError):
        return None
    if len(stated) != 1:
        return None
    size = stated.pop()
    return size if min(size) > 0 else None
