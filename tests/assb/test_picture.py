import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image, TiffImagePlugin

from assb.picture import read_picture

GRAY = np.arange(24, dtype=np.uint8).reshape(4, 6) * 10


def tiff(path, description=None, **tags):
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in tags.items():
        info[int(tag[1:])] = value
    if description:
        info[270] = description
    Image.fromarray(GRAY).save(path, tiffinfo=info)
    return path


@pytest.mark.parametrize(
    "image, expected",
    [
        (Image.fromarray(GRAY), GRAY),
        (Image.fromarray(GRAY.astype(np.uint16) * 257), GRAY.astype(int) * 257),
        (Image.fromarray(GRAY).convert("RGB"), GRAY),
        (Image.fromarray(GRAY).convert("RGBA"), GRAY),
        (Image.fromarray(GRAY).convert("P"), GRAY),
        (Image.fromarray(GRAY > 100), GRAY > 100),
    ],
    ids=["8 bit", "16 bit", "RGB", "RGBA", "palette", "1 bit"],
)
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_gray_values_are_those_of_the_file(tmp_path, image, expected, suffix):
    image.save(tmp_path / f"x.{suffix}")
    picture = read_picture(tmp_path / f"x.{suffix}", 0.05)
    np.testing.assert_array_equal(picture.gray, expected)
    assert picture.um_per_pixel == 0.05


def test_floats_of_a_tiff_are_kept(tmp_path):
    Image.fromarray(GRAY.astype(np.float32) / 7).save(tmp_path / "x.tif")
    np.testing.assert_allclose(read_picture(tmp_path / "x.tif", 0.1).gray, GRAY / 7, rtol=1e-6)


@pytest.mark.parametrize(
    "tags, description, um_per_pixel",
    [
        ({"t282": 254_000.0, "t283": 254_000.0, "t296": 2}, None, 0.1),
        ({"t282": 200_000.0, "t283": 200_000.0, "t296": 3}, None, 0.05),
        ({"t282": 20.0, "t283": 20.0, "t296": 1}, "ImageJ=1.54f\nunit=micron\nmin=0", 0.05),
        ({"t282": 20.0, "t283": 20.0, "t296": 1}, "ImageJ=1.54f\nunit=\\u00B5m\n", 0.05),
        ({"t282": 0.02, "t283": 0.02, "t296": 1}, "ImageJ=1.54f\nunit=nm\n", 0.05),
    ],
    ids=["inch", "centimetre", "ImageJ micron", "ImageJ escaped", "ImageJ nm"],
)
def test_tags_of_a_tiff_state_the_scale(tmp_path, tags, description, um_per_pixel):
    path = tiff(tmp_path / "x.tif", description, **tags)
    assert read_picture(path).um_per_pixel == pytest.approx(um_per_pixel, rel=1e-4)
    assert read_picture(path, 0.2).um_per_pixel == 0.2, "what the user says counts more"


def ome(pixels, before=""):
    """OME-XML of pictures with these attributes of their pixels."""
    images = "".join(f'<Image ID="Image:0"><Pixels SizeX="6" {attributes}/></Image>' for attributes in pixels)
    schema = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
    return f'<?xml version="1.0" encoding="UTF-8"?>{before}<OME xmlns="{schema}">{images}</OME>'


def write_ome(path, text):
    Image.fromarray(GRAY).save(path, tiffinfo={270: text.encode(), 282: 72.0, 283: 72.0, 296: 2})
    return path


NANOMETRES = 'PhysicalSizeX="50" PhysicalSizeXUnit="nm" PhysicalSizeY="50" PhysicalSizeYUnit="nm"'
MICROMETRES = 'PhysicalSizeX="0.05" PhysicalSizeXUnit="µm" PhysicalSizeY="0.05" PhysicalSizeYUnit="µm"'
NO_UNIT = 'PhysicalSizeX="0.05" PhysicalSizeY="0.05"'


@pytest.mark.parametrize(
    "text",
    [
        ome([MICROMETRES]),
        ome([NANOMETRES]),
        ome([NO_UNIT]),
        ome([NO_UNIT, NO_UNIT], "<!-- by a microscope -->"),
        ome([NO_UNIT]).replace("<OME xmlns=", "<o:OME xmlns:o=").replace("</OME", "</o:OME"),
    ],
    ids=["um", "nm", "no unit", "two alike", "prefixed"],
)
def test_ome_xml_states_the_scale(tmp_path, text):
    assert read_picture(write_ome(tmp_path / "x.ome.tif", text)).um_per_pixel == pytest.approx(0.05)


def test_ome_tiff_of_another_writer_states_the_scale(tmp_path):
    metadata = {"axes": "YX", "PhysicalSizeX": 50.0, "PhysicalSizeY": 50.0}
    units = {f"PhysicalSize{axis}Unit": "nm" for axis in "XY"}
    tifffile.imwrite(tmp_path / "x.ome.tif", GRAY, ome=True, metadata=metadata | units)
    assert read_picture(tmp_path / "x.ome.tif").um_per_pixel == pytest.approx(0.05)


BOMB = '<!DOCTYPE b [<!ENTITY a "lol">' + "".join(
    f'<!ENTITY {name} "{10 * f"&{before};"}">' for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    "text, message",
    [
        (ome([]), "it states 352.8 um per pixel, as for screen or print"),
        (ome(['PhysicalSizeX="0.05"']), "it states 352.8 um"),
        (ome([NO_UNIT.replace("0.05", "wide")]), "it states 352.8 um"),
        (ome([NO_UNIT.replace("0.05", "-0.05")]), "it states 352.8 um"),
        (ome([MICROMETRES.replace("µm", "pixel")]), "it states 352.8 um"),
        (ome([NO_UNIT, NO_UNIT.replace("0.05", "0.1")]), "it states 352.8 um"),
        (ome([NO_UNIT]) + "</OME>", "it states 352.8 um"),
        (ome([NO_UNIT]) + " " * 1_000_000, "it states 352.8 um"),
        (ome([NO_UNIT], f"{BOMB}]>").replace("</OME>", "&j;</OME>"), "it states 352.8 um"),
        (ome([NO_UNIT.replace("0.05", "nan")]), "it states nan um per pixel|it states 352.8 um"),
        (ome([NO_UNIT.replace('Y="0.05', 'Y="0.1')]), "it states pixels of 0.05 x 0.1 um"),
    ],
    ids=["none", "X alone", "word", "negative", "pixel", "two", "broken", "long", "bomb", "nan", "no square"],
)
def test_ome_xml_that_states_no_scale_is_not_guessed_at(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_picture(write_ome(tmp_path / "x.ome.tif", text))


def test_a_png_states_the_scale_too(tmp_path):
    Image.fromarray(GRAY).save(tmp_path / "x.png", dpi=(254_000, 254_000))
    assert read_picture(tmp_path / "x.png").um_per_pixel == pytest.approx(0.1, rel=1e-4)


@pytest.mark.parametrize(
    "tags, description, message",
    [
        ({}, None, "it does not state its pixel size: give it in um per pixel"),
        ({"t282": 20.0, "t283": 20.0, "t296": 1}, None, "it does not state its pixel size"),
        ({"t282": 20.0, "t283": 20.0, "t296": 1}, "ImageJ=1\nunit=pixel", "it does not state its pixel size"),
        ({"t282": 0.0, "t283": 0.0, "t296": 2}, None, "it does not state its pixel size"),
        (
            {"t282": 72.0, "t283": 72.0, "t296": 2},
            None,
            "states 352.8 um per pixel, as for screen",
        ),
        (
            {"t282": 254e3, "t283": 127e3, "t296": 2},
            None,
            "states pixels of 0.1 x 0.2 um, they must be",
        ),
    ],
)
def test_the_scale_is_never_guessed(tmp_path, tags, description, message):
    path = tiff(tmp_path / "x.tif", description, **tags)
    with pytest.raises(ValueError, match=message):
        read_picture(path)


def png(path, width, height, content=b""):
    """A PNG of any size that holds no more than `content` of its pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(content)), chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def text(path):
    path.write_text("no image\n", encoding="utf-8")


def many_pages(path):
    Image.fromarray(GRAY).save(path, "TIFF", save_all=True, append_images=[Image.fromarray(GRAY)])


def cut(path):
    noise = np.random.default_rng(1).integers(0, 255, (99, 99), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:3000])


@pytest.mark.parametrize(
    "make, message",
    [
        (text, "it is no PNG, TIFF or JPEG image"),
        (lambda path: path.touch(), "it is no PNG, TIFF or JPEG image"),
        (lambda path: path.mkdir(), "it cannot be read"),
        (lambda path: None, "there is no such file"),
        (cut, "it cannot be read"),
        (many_pages, "it holds 2 pictures, one per file is read"),
        (lambda path: png(path, 50_000, 50_000), "too large|50,000 x 50,000"),
        (
            lambda path: png(path, 9_000, 9_000),
            "9,000 x 9,000: it has 81,000,000 pixels, at most",
        ),
        (lambda path: png(path, 11_000, 11_000), "it is 11,000 x 11,000"),
        # A bomb: few bytes that unpack to many more than the header says.
        (lambda path: png(path, 400, 400, bytes(200_000_000)), "^$"),
    ],
    ids=["text", "empty", "folder", "missing", "cut", "pages", "50,000", "9,000", "11,000", "bomb"],
)
def test_what_is_no_picture_is_refused(tmp_path, make, message):
    path = tmp_path / "x.png"
    make(path)
    if message == "^$":
        # Not more is unpacked than the picture has pixels.
        assert read_picture(path, 0.1).gray.shape == (400, 400)
        return
    with pytest.raises(ValueError, match=message):
        read_picture(path, 0.1)
