"""Pictures of electrodes as gray values with a scale."""

from __future__ import annotations

import re
import struct
import warnings
import zlib
from collections.abc import Sequence
from typing import IO, Any, NamedTuple
from xml.parsers import expat

import numpy as np
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from cnn.scale import check_pixel, check_size
from electrode.phases import DARK_TO_BRIGHT
from provenance import FilePath

FORMATS = ("PNG", "TIFF")
GRAY_MODES = ("1", "L", "I", "F")
# Tags of TIFF, and the lengths of its units of resolution [um].
DESCRIPTION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 270, 282, 283, 296
UM_PER_INCH = 25_400.0
TIFF_UNITS = {2: UM_PER_INCH, 3: 10_000.0}
# Lengths of the units that ImageJ and OME write into the description [um].
UNITS = {"nm": 1e-3, "um": 1.0, "µm": 1.0, "micron": 1.0, "microns": 1.0, r"\u00B5m": 1.0, "mm": 1e3}
# The OME-XML of a single picture has a few thousand characters.
MOST_XML = 1_000_000


class Acquisition(NamedTuple):
    """What is known of how a picture was taken."""

    um_per_pixel: float | None = None  # side of a pixel [um]; None: the one that its file states
    brightness: Sequence[str] = DARK_TO_BRIGHT  # the phases from dark to bright
    thresholds: Sequence[float] | None = None  # the two gray values between them; None: those of Otsu


AS_STATED = Acquisition()


class Picture(NamedTuple):
    """Gray values [rows, columns], top row first, and the side of a pixel [um]."""

    gray: np.ndarray
    um_per_pixel: float


def read_picture(path: FilePath | IO[bytes], um_per_pixel: float | None = None) -> Picture:
    """Read a PNG or TIFF of 8 or 16 bits, integers or floats; colours become their luminance.

    Parameters
    ----------
    path
        File of a single picture, or the open file.
    um_per_pixel
        Side of a pixel [um]; without it the file must state it (TIFF resolution tags, those of ImageJ among
        them, OME-XML, or pHYs of PNG).

    Raises
    ------
    ValueError
        If the file cannot be read as such a picture, is too large, or the scale is missing or none; the
        message does not name the file.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures before we can look at the size.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(path, formats=FORMATS)
        with opened as image:
            # The header tells: nothing is unpacked before.
            check_size(image.width * image.height, f"it is {image.width:,} x {image.height:,}: it")
            if (pictures := getattr(image, "n_frames", 1)) > 1:
                raise ValueError(f"it holds {pictures} pictures, one per file is read")
            pixel = check_pixel(um_per_pixel) if um_per_pixel is not None else _stated_scale(image)
            gray = image if image.mode in GRAY_MODES or image.mode.startswith("I;16") else image.convert("L")
            return Picture(np.array(gray), pixel)
    except FileNotFoundError as error:
        raise ValueError("there is no such file") from error
    except UnidentifiedImageError as error:
        raise ValueError(f"it is no {' or '.join(FORMATS)} image") from error
    except Image.DecompressionBombError as error:
        raise ValueError(f"it is too large: {error}") from error
    except (OSError, SyntaxError, struct.error, zlib.error, OverflowError) as error:
        raise ValueError(f"it cannot be read: {error}") from error


def _stated_scale(image: Image.Image) -> float:
    """Side of a pixel that a file states [um].

    Raises
    ------
    ValueError
        If it states none, two, or one that no microscope has.
    """
    sides = _tiff_scale(image) if isinstance(image, TiffImagePlugin.TiffImageFile) else _png_scale(image)
    advice = "give it in um per pixel"
    if sides is None:
        raise ValueError(f"it does not state its pixel size: {advice}")
    if abs(sides[0] - sides[1]) > 1e-3 * max(sides):
        raise ValueError(
            f"it states pixels of {sides[0]:.4g} x {sides[1]:.4g} um, they must be squares: {advice}"
        )
    try:
        return check_pixel(sides[0])
    except ValueError as error:
        raise ValueError(
            f"it states {sides[0]:.4g} um per pixel, as for screen or print: {advice}"
        ) from error


def _png_scale(image: Image.Image) -> tuple[float, float] | None:
    return _sides(UM_PER_INCH, image.info.get("dpi"))


def _tiff_scale(image: TiffImagePlugin.TiffImageFile) -> tuple[float, float] | None:
    tags = image.tag_v2
    description = str(tags.get(DESCRIPTION, ""))
    if sides := _ome_scale(description):
        return sides
    unit = TIFF_UNITS.get(tags.get(RESOLUTION_UNIT, 0))
    if named := re.search(r"^unit=(.+)$", description, re.MULTILINE):
        unit = UNITS.get(named[1].strip())
    return _sides(unit, [float(tags.get(tag, 0)) for tag in (X_RESOLUTION, Y_RESOLUTION)])


def _sides(unit: float | None, dots: Sequence[float] | None) -> tuple[float, float] | None:
    """Sides of a pixel [um] of so many dots per unit [um]; None where either is not known."""
    return (unit / dots[0], unit / dots[1]) if unit and dots and min(dots) > 0 else None


def _ome_scale(description: str) -> tuple[float, float] | None:
    """Sides of a pixel [um] that OME-XML states; None where there is none, or more than one."""
    if "OME" not in description or len(description) > MOST_XML:
        return None
    sides: set[tuple[float, float]] = set()

    def start(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(" ")[2] == "Pixels":
            # Without a unit it is um (OME schema of 2016-06).
            width, height = (
                float(attributes[f"PhysicalSize{axis}"])
                * UNITS[attributes.get(f"PhysicalSize{axis}Unit", "µm")]
                for axis in "XY"
            )
            sides.add((width, height))

    def refuse(*of_doctype: Any) -> None:
        # Entities, which may grow without bound, are declared in one; OME-XML has none.
        raise ValueError("OME-XML has no DOCTYPE")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.StartDoctypeDeclHandler = start, refuse
    try:
        # Pillow takes text for Latin-1, OME-XML is UTF-8.
        parser.Parse(description.encode("latin-1").decode(), True)
    except (KeyError, ValueError, expat.ExpatError):
        return None
    if len(sides) != 1:
        return None
    size = sides.pop()
    return size if min(size) > 0 else None
