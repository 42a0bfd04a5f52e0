"""What XML in TIFF files states: the description of OME, the newer tag of FEI and Thermo Fisher."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from xml.parsers import expat

from assb.layout import PageLayout
from assb.lengths import MOST_TEXT, Scan, Stated, positive, unit_length


class Element(NamedTuple):
    """An element of XML."""

    path: str  # its name behind those of the two that hold it, without namespaces
    attributes: dict[str, str]
    text: str


def _elements(text: str) -> list[Element]:
    """Elements of XML, each where it ends; none if it is no XML, or declares entities."""
    if len(text) > MOST_TEXT:
        return []
    elements: list[Element] = []
    open_elements: list[tuple[str, dict[str, str], list[str]]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        open_elements.append((name.rpartition(" ")[2], attributes, []))

    def take(characters: str) -> None:
        open_elements[-1][2].append(characters)

    def end(_: str) -> None:
        path = "/".join(name for name, *_ in open_elements[-3:])
        _, attributes, texts = open_elements.pop()
        elements.append(Element(path, attributes, "".join(texts).strip()))

    def refuse(*of_doctype: Any) -> None:
        # Entities, which may grow without bound, are declared in one; what microscopes write has none.
        raise ValueError("no DOCTYPE is read")

    parser = expat.ParserCreate(namespace_separator=" ")
    begin: Callable[..., None] = start
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begin, end, take
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text.encode(), True)
    except (ValueError, expat.ExpatError):
        return []
    return elements


def ome_scale(description: str) -> Stated | None:
    """Sides of a pixel that OME-XML states; None where there is none, or more than one."""
    stated: set[Stated] = set()
    for pixels in _ome_pixels(description):
        # Without a unit it is um (OME schema of 2016-06).
        lengths = [
            (
                positive(pixels.get(f"PhysicalSize{axis}")),
                unit_length(pixels.get(f"PhysicalSize{axis}Unit", "µm")),
            )
            for axis in "XY"
        ]
        (width, unit_x), (height, unit_y) = lengths
        if not (width and unit_x and height and unit_y):
            return None
        stated.add(Stated(width * unit_x, height * unit_y))
    return stated.pop() if len(stated) == 1 else None


def ome_pictures(description: str, layout: PageLayout) -> int | None:
    """Number of pictures of this size that OME-XML states; None where it states none of this file alone."""
    elements = _elements(description) if "OME" in description else []
    # Of a set of files each describes all.
    files = {element.attributes.get("FileName") for element in elements if element.path.endswith("/UUID")}
    if len(files) > 1:
        return None
    count = 0
    for pixels in _ome_pixels(description):
        sizes = {axis: int(size) for axis in "XYZCT" if (size := pixels.get(f"Size{axis}", "")).isdecimal()}
        if len(sizes) == 5 and (sizes["X"], sizes["Y"]) == (layout.width, layout.height):
            # Colours, which OME counts as channels, are samples of a page.
            count += max(1, sizes["Z"] * sizes["T"] * max(1, sizes["C"] // layout.samples))
    return count or None


def _ome_pixels(description: str) -> list[dict[str, str]]:
    """Attributes of the elements that describe pictures."""
    if "OME" not in description:
        return []
    return [element.attributes for element in _elements(description) if element.path.endswith("Image/Pixels")]


def thermo_scale(text: str) -> tuple[Stated | None, Scan | None]:
    """Sides of a pixel that FEI and Thermo Fisher state in XML, in m unless it names a unit, and the scan."""
    values = {element.path: element for element in _elements(text)}
    sides = []
    for axis in "XY":
        element = values.get(f"BinaryResult/PixelSize/{axis}")
        side = positive(element.text) if element else None
        # Pictures of diffraction have pixels in 1/m.
        unit = unit_length(element.attributes.get("unit", "m")) if element else None
        sides.append(side * unit if side and unit else None)
    width, height = (
        positive(element.text) if (element := values.get(f"BinaryResult/ImageSize/{axis}")) else None
        for axis in "XY"
    )
    scan = Scan(int(width) if width else None, int(height) if height else None)
    return (Stated(sides[0], sides[1]) if sides[0] and sides[1] else None), scan
