"""Files as microscopes and editors write them: pixel sizes, data bars, pages, types of pixels."""

import importlib.util
import io
import os
import random
import struct
import tempfile
import time
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from assb.lengths import unit_length
from assb.picture import read_picture

RNG = np.random.default_rng(5)
GRAY = RNG.integers(1, 250, (48, 64)).astype(np.uint8)
FEI = "[User]\r\nUser=u\r\n[Scan]\r\nPixelWidth={0}\r\nPixelHeight={0}\r\n"
ZEISS = "0\r\n0\r\n0\r\nAP_PIXEL_SIZE\r\nPixel Size = 120.0 nm\r\n"
ZEISS += "AP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = {0}\r\n"
TESCAN = b"\0\1\2\3[MAIN]\r\nDevice=TS\r\nPixelSizeX=4e-8\r\nPixelSizeY=4e-8\r\n"
HITACHI = "[SemImageFile]\r\nImageName=a.tif\r\nDataSize={0}x{1}\r\nPixelSize=40\r\n"
JEOL = "$CM_FORMAT JEOL/EO\r\n$$SM_MICRON_BAR 250\r\n$$SM_MICRON_MARKER 10um\r\n$CM_FULL_SIZE {0} {1}\r\n"
DPI_72 = {"resolution": (72, 72), "resolutionunit": "inch"}


def ascii_tag(code, text):
    return (code, "s", 0, text, True)


def write(path, gray=GRAY, **options):
    tifffile.imwrite(path, gray, **({"photometric": "minisblack"} | options))
    return path


@pytest.mark.parametrize(
    "tag",
    [
        ascii_tag(34682, FEI.format("4e-08")),
        ascii_tag(34680, FEI.format("4e-08")),
        ascii_tag(34118, ZEISS.format("40.0 nm")),
        ascii_tag(34118, ZEISS.format("0.04 µm").encode("cp1252")),
        (50431, 7, len(TESCAN), TESCAN, True),
    ],
    ids=["FEI", "FEI, old", "Zeiss", "Zeiss, um", "Tescan"],
)
def test_the_tag_of_a_microscope_counts_more_than_dots_per_inch(tmp_path, tag):
    for options in ({}, DPI_72, {"resolution": (254_000, 254_000), "resolutionunit": "inch"}):
        path = write(tmp_path / "x.tif", extratags=[tag], **options)
        assert read_picture(path).um_per_pixel == pytest.approx(0.04)
        assert read_picture(path, 0.2).um_per_pixel == 0.2, "what the user says counts more"


@pytest.mark.parametrize(
    "text", ["[Scan]\r\nPixelWidth=wide\r\n", "[Scan]\r\nPixelWidth=-1\r\n", "[Scan]\r\n", "no"]
)
def test_a_tag_that_states_nothing_is_not_guessed_at(tmp_path, text):
    path = write(tmp_path / "x.tif", extratags=[ascii_tag(34682, text)])
    with pytest.raises(ValueError, match="it does not state its pixel size"):
        read_picture(path)


def test_other_sizes_of_zeiss_are_not_those_of_the_image(tmp_path):
    text = "0\r\n0\r\n0\r\nAP_PIXEL_SIZE\r\nPixel Size = 120.0 nm\r\n"
    with pytest.raises(ValueError, match="it does not state its pixel size"):
        read_picture(write(tmp_path / "x.tif", extratags=[ascii_tag(34118, text)]))


def test_a_picture_that_was_scaled_since_does_not_state_its_scale(tmp_path):
    tag = ascii_tag(34682, FEI.format("4e-08") + "[Image]\r\nResolutionX=1024\r\nResolutionY=884\r\n")
    with pytest.raises(ValueError, match="it does not state its pixel size"):
        read_picture(write(tmp_path / "x.tif", extratags=[tag]))


@pytest.mark.parametrize("suffix", ["tif", "png", "jpg"])
@pytest.mark.parametrize("lines", [HITACHI, JEOL], ids=["Hitachi", "JEOL"])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_file_beside_states_the_scale(tmp_path, suffix, lines, encoding):
    Image.fromarray(GRAY).save(tmp_path / f"x.{suffix}", dpi=(72, 72))
    (tmp_path / "x.txt").write_bytes(lines.format(64, 48).encode(encoding))
    assert read_picture(tmp_path / f"x.{suffix}").um_per_pixel == pytest.approx(0.04)
    (tmp_path / "x.txt").write_text(lines.format(1280, 960), encoding="utf-8")
    with pytest.raises(ValueError, match=r"pixel size|as for screen"):
        read_picture(tmp_path / f"x.{suffix}")
    (tmp_path / "x.txt").write_text("notes of mine\n", encoding="utf-8")
    with pytest.raises(ValueError, match="as for screen"):
        read_picture(tmp_path / f"x.{suffix}")


def test_a_header_of_tescan_beside_and_a_description_state_the_scale(tmp_path):
    write(tmp_path / "x.tif")
    (tmp_path / "x-tif.hdr").write_bytes(TESCAN[4:])
    assert read_picture(tmp_path / "x.tif").um_per_pixel == pytest.approx(0.04)
    path = write(tmp_path / "y.tif", description=HITACHI.format(64, 48), metadata=None)
    assert read_picture(path).um_per_pixel == pytest.approx(0.04)


@pytest.mark.parametrize(
    "unit, um",
    [
        *(
            (f"{unit}{end}", 1.0)
            for unit in ("micrometer", "micrometre", "micron", "Micron")
            for end in ("", "s")
        ),
        *((unit, 1.0) for unit in ("um", "µm", "μm", "\\u00B5m", "\\u00b5m", "\\u03BCm", "Âµm", " um ")),
        *(("nm", 1e-3), ("nanometer", 1e-3), ("mm", 1e3), ("cm", 1e4), ("centimetre", 1e4), ("m", 1e6)),
        *(("inch", 25_400.0), ("inches", 25_400.0), ("metre", 1e6)),
        *((unit, None) for unit in ("pixel", "pixels", "", "furlong", "sec")),
    ],
)
def test_units_in_all_spellings(tmp_path, unit, um):
    assert unit_length(unit) == um
    dots = 1 if um is None else um / 0.05
    description = f"ImageJ=1.54f\nunit={unit}\nmin=0.0\n".encode()
    Image.fromarray(GRAY).save(tmp_path / "x.tif", tiffinfo={270: description, 282: dots, 283: dots, 296: 1})
    if um is None:
        with pytest.raises(ValueError, match="it does not state its pixel size"):
            read_picture(tmp_path / "x.tif")
    else:
        assert read_picture(tmp_path / "x.tif").um_per_pixel == pytest.approx(0.05, rel=1e-4)


def with_bar(height, background=0, text=250):
    """A noisy picture above a data bar."""
    gray = RNG.normal(120, 20, (200, 240)).clip(5, 240).astype(np.uint8)
    bar = np.full((height, 240), background, np.uint8)
    if text is not None and height:
        bar[height // 4 : height // 2, 10:200] = np.where(
            RNG.random((height // 2 - height // 4, 190)) < 0.5, text, background
        )
        bar[height // 2] = text
    return np.vstack([gray, bar])


@pytest.mark.parametrize(
    "height, background, text", [(14, 0, 250), (20, 255, 0), (16, 0, None), (40, 128, 255)]
)
@pytest.mark.parametrize("suffix", ["tif", "png", "jpg"])
def test_a_data_bar_is_cut_off_and_said(tmp_path, height, background, text, suffix):
    gray = with_bar(height, background, text)
    options = {"quality": 97} if suffix == "jpg" else {}
    Image.fromarray(gray).save(tmp_path / f"x.{suffix}", **options)
    picture = read_picture(tmp_path / f"x.{suffix}", 0.05)
    # JPEG smears the edge over a block.
    assert abs(len(picture.gray) - 200) <= (8 if suffix == "jpg" else 0)
    rows = len(gray) - len(picture.gray)
    assert f"its lowest {rows} of {len(gray)} rows were cut off as a data bar" in picture.notes


def test_a_bar_that_the_microscope_states_is_cut_off(tmp_path):
    size = "[Image]\r\nResolutionX=64\r\nResolutionY=40\r\n"
    path = write(tmp_path / "x.tif", extratags=[ascii_tag(34682, FEI.format("4e-08") + size)])
    picture = read_picture(path)
    np.testing.assert_array_equal(picture.gray, GRAY[:40])
    assert picture.notes == ("its lowest 8 of 48 rows were cut off as a data bar",)


def electrode():
    """Round particles without noise, on bright ground, with a straight dark band below."""
    y, x = np.mgrid[:200, :240]
    gray = np.where((y % 40 - 20) ** 2 + (x % 40 - 20) ** 2 < 250, 128, 255).astype(np.uint8)
    gray[185:] = 0
    return gray


@pytest.mark.parametrize(
    "gray",
    [
        with_bar(0),
        electrode(),
        # Dark ground below an uneven edge.
        np.where(np.arange(200)[:, None] > 170 + 9 * np.sin(np.arange(240) / 9), 0, with_bar(0)).astype(
            np.uint8
        ),
        np.full((200, 240), 7, np.uint8),
        GRAY[:3],
    ],
    ids=["noise", "phases", "uneven", "flat", "small"],
)
def test_what_is_no_bar_stays(tmp_path, gray):
    picture = read_picture(write(tmp_path / "x.tif", gray), 0.05)
    np.testing.assert_array_equal(picture.gray, gray)
    assert picture.notes == ()


TYPES = [
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "float32",
    "float64",
]


def values_of(dtype):
    """Gray values that need the whole range of a type."""
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return (GRAY / 100.0).astype(dtype)
    step = int(np.iinfo(kind).max // 255) * (2 if kind.kind == "i" else 1)
    return (GRAY.astype(object) * step + int(np.iinfo(kind).min)).astype(dtype)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    "options", [{}, {"compression": "zlib"}, {"tile": (16, 32)}], ids=["plain", "zlib", "tiles"]
)
@pytest.mark.parametrize("byteorder", "<>")
def test_all_types_are_read_in_both_polarities(tmp_path, dtype, options, byteorder):
    gray = values_of(dtype)
    picture = read_picture(write(tmp_path / "x.tif", gray, byteorder=byteorder, **options), 0.05)
    np.testing.assert_array_equal(picture.gray, gray)
    picture = read_picture(
        write(tmp_path / "y.tif", gray, byteorder=byteorder, photometric="miniswhite", **options), 0.05
    )
    dark_first = np.argsort(gray.ravel(), kind="stable")
    assert (np.diff(picture.gray.ravel()[dark_first].astype(float)) <= 0).all(), "white is zero"
    if gray.dtype.kind == "u":
        np.testing.assert_array_equal(picture.gray, np.iinfo(gray.dtype).max - gray)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("byteorder", "<>")
def test_packed_pixels_are_read_as_they_are_or_refused_by_name(tmp_path, dtype, byteorder):
    gray = values_of(dtype)
    path = write(tmp_path / "x.tif", gray, byteorder=byteorder)
    # PackBits, without any runs.
    content = gray.astype(gray.dtype.newbyteorder(byteorder)).tobytes()
    packed = b"".join(b"\x7f" + content[k : k + 128] for k in range(0, len(content), 128))
    with tifffile.TiffFile(path, mode="r+") as file:
        for tag, value in ((259, 32773), (273, path.stat().st_size), (279, len(packed))):
            file.pages[0].tags[tag].overwrite(value)
    with open(path, "ab") as file:
        file.write(packed)
    if (
        dtype == "uint8"
        or dtype in {"<": ("uint16", "int16", "int32", "float32"), ">": ("uint16",)}[byteorder]
    ):
        np.testing.assert_array_equal(read_picture(path, 0.05).gray, gray)
    else:
        with pytest.raises(
            ValueError, match=rf"it has {dtype} pixels \(minisblack, packbits\), which are not"
        ):
            read_picture(path, 0.05)


@pytest.mark.parametrize("dtype", [name for name in TYPES if "float" not in name])
@pytest.mark.parametrize("byteorder", "<>")
def test_differences_of_neighbours_are_read(tmp_path, dtype, byteorder):
    gray = values_of(dtype)
    path = write(tmp_path / "x.tif", gray, byteorder=byteorder, compression="zlib", predictor=2)
    np.testing.assert_array_equal(read_picture(path, 0.05).gray, gray)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32"])
def test_lzw_is_read(tmp_path, dtype):
    Image.fromarray(values_of(dtype)).save(tmp_path / "x.tif", compression="tiff_lzw")
    np.testing.assert_array_equal(read_picture(tmp_path / "x.tif", 0.05).gray, values_of(dtype))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "float32", "float64"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_orientation_is_honoured(tmp_path, orientation, dtype, compression):
    gray = values_of(dtype)
    tag = (274, "H", 1, orientation, True)
    path = write(tmp_path / "x.tif", gray, extratags=[tag], compression=compression)
    turned = {1: gray, 2: gray[:, ::-1], 3: gray[::-1, ::-1], 4: gray[::-1], 5: gray.T}
    turned |= {6: np.rot90(gray, -1), 7: gray[::-1, ::-1].T, 8: np.rot90(gray)}
    np.testing.assert_array_equal(read_picture(path, 0.05).gray, turned[orientation])


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_orientation_by_exif_is_honoured(tmp_path, suffix):
    exif = Image.Exif()
    exif[274] = 6
    smooth = np.add.outer(np.arange(48), np.arange(64)).astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / f"x.{suffix}", exif=exif)
    difference = read_picture(tmp_path / f"x.{suffix}", 0.05).gray.astype(int) - np.rot90(smooth, -1)
    assert abs(difference).max() <= (3 if suffix == "jpg" else 0)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_gray_with_alpha_is_read_if_it_is_opaque(tmp_path, dtype, planar):
    gray = values_of(dtype)
    opaque = np.iinfo(dtype).max if gray.dtype.kind == "u" else 1
    both = np.stack([gray, np.full_like(gray, opaque)])
    options = {"planarconfig": planar, "extrasamples": ["unassalpha"]}
    turned = (lambda array: array) if planar == "separate" else (lambda array: np.moveaxis(array, 0, -1))
    path = write(tmp_path / "x.tif", turned(both), **options)
    np.testing.assert_array_equal(read_picture(path, 0.05).gray, gray)
    both[1, 3, 4:6] = 0
    path = write(tmp_path / "x.tif", turned(both), **options)
    with pytest.raises(ValueError, match="it is transparent in 2 of 3,072 pixels"):
        read_picture(path, 0.05)


@pytest.mark.parametrize("mode", ["LA", "RGBA", "L", "P"])
def test_transparent_pictures_are_refused(tmp_path, mode):
    image = Image.fromarray(np.where(GRAY < 100, 0, GRAY).astype(np.uint8)).convert(mode)
    options = {"transparency": 0} if mode in "LP" else {}
    if mode in ("LA", "RGBA"):
        image.putalpha(Image.fromarray(np.where(GRAY < 100, 9, 255).astype(np.uint8)))
    image.save(tmp_path / "x.png", **options)
    with pytest.raises(ValueError, match=r"it is transparent in [\d,]+ of 3,072 pixels"):
        read_picture(tmp_path / "x.png", 0.05)


@pytest.mark.parametrize(
    "gray, options, message",
    [
        (GRAY.astype(np.complex64), {}, "it has complex64 pixels"),
        (GRAY.astype(np.complex128), {}, "it has complex128 pixels"),
        (
            np.dstack([GRAY] * 3).astype(np.float32),
            {"photometric": "rgb"},
            "it has float32 pixels of 3 samples",
        ),
        (np.dstack([GRAY] * 5), {"planarconfig": "contig"}, "it has uint8 pixels of 5 samples"),
    ],
)
def test_types_that_are_not_read_are_named(tmp_path, gray, options, message):
    with pytest.raises(ValueError, match=message):
        read_picture(write(tmp_path / "x.tif", gray, **options), 0.05)


def test_thumbnails_are_no_pictures(tmp_path):
    for small in ({"subfiletype": 1}, {}):
        for first in (True, False):
            with tifffile.TiffWriter(tmp_path / "x.tif") as file:
                pages = [(GRAY[::4, ::4], small), (GRAY, {})]
                for gray, options in pages if first else pages[::-1]:
                    file.write(gray, photometric="minisblack", **options)
            for page in (None, 1):
                np.testing.assert_array_equal(read_picture(tmp_path / "x.tif", 0.05, page).gray, GRAY)


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize("count", [3, 120])
def test_of_a_stack_a_page_is_chosen(tmp_path, dtype, count):
    stack = np.stack([values_of(dtype) + np.dtype(dtype).type(k) for k in range(count)])
    path = write(tmp_path / "x.tif", stack)
    with pytest.raises(
        ValueError, match=rf"it holds {count} pictures, one per file is read: choose its page"
    ):
        read_picture(path, 0.05)
    for page in (1, 2, count):
        np.testing.assert_array_equal(read_picture(path, 0.05, page).gray, stack[page - 1])
    for page in (0, count + 1):
        with pytest.raises(ValueError, match=rf"page must be in \[1, {count}\].*got {page}"):
            read_picture(path, 0.05, page)


def test_a_scan_of_another_size_cuts_nothing(tmp_path):
    """A picture scaled by an editor beside the microscope's file of the original, which is lower."""
    Image.fromarray(GRAY).save(tmp_path / "x.png")
    (tmp_path / "x.txt").write_text(HITACHI.format(43, 32), encoding="utf-8")
    picture = read_picture(tmp_path / "x.png", 0.05)
    np.testing.assert_array_equal(picture.gray, GRAY)
    assert not picture.notes
    (tmp_path / "x.txt").write_text("PixelSize: 50\n", encoding="utf-8")
    with pytest.raises(ValueError, match="does not state its pixel size"):
        read_picture(tmp_path / "x.png")


def test_the_only_page_of_a_png_may_be_chosen(tmp_path):
    Image.fromarray(GRAY).save(tmp_path / "x.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "x.png", 0.05, 1).gray, GRAY)
    with pytest.raises(ValueError, match=r"page must be in \[1, 1\]"):
        read_picture(tmp_path / "x.png", 0.05, 2)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_planes_behind_a_single_page_are_pictures_too(tmp_path, dtype):
    """ImageJ writes large stacks so."""
    stack = np.stack([values_of(dtype), values_of(dtype)[::-1], values_of(dtype)[:, ::-1]])
    path = tmp_path / "x.tif"
    tifffile.imwrite(path, stack, imagej=True, truncate=True, metadata={"axes": "ZYX"})
    with tifffile.TiffFile(path) as file:
        assert len(file.pages) == 1
    with pytest.raises(ValueError, match="it holds 3 pictures"):
        read_picture(path, 0.05)
    for page in (1, 2, 3):
        np.testing.assert_array_equal(read_picture(path, 0.05, page).gray, stack[page - 1])


def test_a_stack_that_was_cut_off_is_refused_unless_a_page_is_chosen(tmp_path):
    path = write(tmp_path / "x.tif", description="ImageJ=1.54f\nimages=3\nslices=3\n", metadata=None)
    with pytest.raises(ValueError, match="its description states 3 pictures, it holds 1: it was cut off"):
        read_picture(path, 0.05)
    np.testing.assert_array_equal(read_picture(path, 0.05, 1).gray, GRAY)
    with pytest.raises(ValueError, match=r"page must be in \[1, 1\]"):
        read_picture(path, 0.05, 2)


def test_a_jpeg_is_read_with_a_word_about_it(tmp_path):
    smooth = np.add.outer(np.arange(48), np.arange(64)).astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / "x.jpg", quality=95)
    picture = read_picture(tmp_path / "x.jpg", 0.05)
    assert abs(picture.gray.astype(int) - smooth).max() <= 4
    assert "it is a JPEG, whose artefacts" in picture.notes[0]


@pytest.mark.parametrize("kind", ["BMP", "GIF", "WebP", "PDF"])
def test_other_files_are_refused_by_name(tmp_path, kind):
    Image.fromarray(GRAY).convert("RGB").save(tmp_path / "x", kind)
    with pytest.raises(
        ValueError, match=f"it is a file of {kind}, which is not read: save it as PNG or TIFF"
    ):
        read_picture(tmp_path / "x", 0.05)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.tif")
    with pytest.raises(ValueError, match="it is a pipe, files are read"):
        read_picture(tmp_path / "x.tif", 0.05)


def bomb(path):
    """A TIFF whose strip unpacks to far more than its pixels."""
    write(path, GRAY.astype(np.int64), compression="zlib")
    packed = zlib.compress(bytes(300_000_000))
    with tifffile.TiffFile(path, mode="r+") as file:
        tags = file.pages[0].tags
        end = path.stat().st_size
        tags[273].overwrite(end)
        tags[279].overwrite(len(packed))
    with open(path, "ab") as file:
        file.write(packed)


def circle(path):
    """Pages that follow each other without end."""
    write(path)
    content = bytearray(path.read_bytes())
    first = struct.unpack("<I", content[4:8])[0]
    entries = struct.unpack("<H", content[first : first + 2])[0]
    content[first + 2 + 12 * entries :][:4] = b""
    content[first + 2 + 12 * entries : first + 6 + 12 * entries] = struct.pack("<I", first)
    path.write_bytes(content)


def cut(path):
    write(path, GRAY.astype(np.float64))
    path.write_bytes(path.read_bytes()[:-900])


@pytest.mark.parametrize(
    "make, message",
    [(bomb, "unpacks to more"), (cut, "cannot be read"), (circle, None)],
)
def test_hostile_files_end_soon(tmp_path, make, message):
    make(tmp_path / "x.tif")
    start = time.monotonic()
    if message is None:
        np.testing.assert_array_equal(read_picture(tmp_path / "x.tif", 0.05).gray, GRAY)
    else:
        with pytest.raises(ValueError, match=message):
            read_picture(tmp_path / "x.tif", 0.05)
    assert time.monotonic() - start < 5


def test_sizes_are_checked_before_pixels_are_read(tmp_path):
    path = write(tmp_path / "x.tif", GRAY.astype(np.int64))
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].tags[256].overwrite(50_000)
        file.pages[0].tags[257].overwrite(50_000)
    with pytest.raises(ValueError, match=r"it is 50,000 x 50,000: it has 2,500,000,000 pixels, at most"):
        read_picture(path, 0.05)


@pytest.mark.parametrize("dtype", ["uint8", "uint32"])
def test_open_files_are_read_as_those_on_disk(tmp_path, dtype):
    content = write(tmp_path / "x.tif", values_of(dtype)).read_bytes()
    with tempfile.SpooledTemporaryFile() as spooled, open(tmp_path / "x.tif", "rb") as opened:
        spooled.write(content)
        spooled.seek(0)
        for file in (spooled, opened, io.BytesIO(content)):
            np.testing.assert_array_equal(read_picture(file, 0.05).gray, values_of(dtype))


GOOD = {
    "plain": (GRAY, {}),
    "FEI": (GRAY, {"extratags": [ascii_tag(34682, FEI.format("4e-08"))]}),
    "Zeiss": (GRAY, {"extratags": [ascii_tag(34118, ZEISS.format("40 nm"))]}),
    "zlib": (GRAY.astype(np.float64), {"compression": "zlib"}),
    "tiles": (GRAY.astype(np.int64), {"tile": (16, 16), "compression": "zlib"}),
    "stack": (np.stack([GRAY] * 3), {}),
    "alpha": (np.dstack([GRAY, GRAY]).astype(np.uint16), {"extrasamples": ["unassalpha"]}),
}


@pytest.mark.parametrize("kind", GOOD)
def test_damaged_files_are_read_or_refused(root, kind):
    spec = importlib.util.spec_from_file_location("fuzz", root / "tests/fuzz.py")
    fuzz = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fuzz)
    gray, options = GOOD[kind]
    file = io.BytesIO()
    tifffile.imwrite(file, gray, photometric="minisblack", **options)
    good = file.getvalue()
    refused = 0
    for number in range(60):
        rng = random.Random(f"{kind}/{number}")
        head = fuzz.damaged(good[8:700], rng)
        try:
            read_picture(
                io.BytesIO(good[:8] + head + good[700:]), rng.choice((None, 0.05)), rng.choice((None, 1))
            )
        except ValueError:
            refused += 1
    assert refused > 10


THERMO = "<Metadata><BinaryResult><ImageSize><X{3}>{1}</X><Y>{2}</Y></ImageSize>"
THERMO += "<PixelSize><X{0}>4e-08</X><Y{0}>4e-08</Y></PixelSize></BinaryResult></Metadata>"


@pytest.mark.parametrize("unit", ["", ' unit="m"'])
def test_the_xml_of_thermo_fisher_states_the_scale_where_the_older_tag_does_not(tmp_path, unit):
    tag = ascii_tag(34683, THERMO.format(unit, 64, 48, unit))
    assert read_picture(write(tmp_path / "x.tif", extratags=[tag])).um_per_pixel == pytest.approx(0.04)
    both = [ascii_tag(34682, FEI.format("5e-08")), tag]
    assert read_picture(write(tmp_path / "x.tif", extratags=both)).um_per_pixel == pytest.approx(0.05)


@pytest.mark.parametrize(
    "text",
    [
        THERMO.format(' unit="1/m"', 64, 48, ""),
        THERMO.format("", 128, 96, ""),
        THERMO.format("", 64, 48, "")[:-3],
        '<!DOCTYPE Metadata [<!ENTITY a "4e-08">]>' + THERMO.format("", 64, 48, ""),
    ],
    ids=["diffraction", "scaled", "cut off", "entities"],
)
def test_xml_that_does_not_state_this_picture_counts_for_nothing(tmp_path, text):
    with pytest.raises(ValueError, match="does not state its pixel size"):
        read_picture(write(tmp_path / "x.tif", extratags=[ascii_tag(34683, text)]))


def test_the_bar_below_the_picture_of_thermo_fisher_is_cut_off(tmp_path):
    path = write(tmp_path / "x.tif", extratags=[ascii_tag(34683, THERMO.format("", 64, 40, ""))])
    np.testing.assert_array_equal(read_picture(path).gray, GRAY[:40])


@pytest.mark.parametrize(
    ("lines", "stated"),
    [
        ("DP_IMAGE_STORE\r\nStore resolution = 64 * 48\r\n", True),
        ("DP_IMAGE_STORE\r\nStore resolution = 128 * 96\r\n", False),
        ("AP_WIDTH\r\nWidth = 2.56 µm\r\n", True),
        ("AP_WIDTH\r\nWidth = 2557 nm\r\n", True),
        ("AP_WIDTH\r\nWidth = 5.12 µm\r\n", False),
        ("", True),
    ],
)
def test_zeiss_is_believed_of_pictures_as_wide_as_it_states(tmp_path, lines, stated):
    text = (ZEISS.format("40.0 nm") + lines).encode("cp1252")
    path = write(tmp_path / "x.tif", extratags=[ascii_tag(34118, text)])
    if stated:
        assert read_picture(path).um_per_pixel == pytest.approx(0.04)
    else:
        with pytest.raises(ValueError, match="does not state its pixel size"):
            read_picture(path)


OME = '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="a"><Pixels SizeX="64" '
OME += 'SizeY="48" SizeZ="{}" SizeC="{}" SizeT="{}" PhysicalSizeX="0.04" PhysicalSizeY="0.04">{}</Pixels>'
OME += "</Image></OME>"


def written_as_ome(path, sizes, pages=1, files=(), gray=GRAY, **options):
    blocks = "".join(f'<TiffData><UUID FileName="{name}">urn:uuid:1</UUID></TiffData>' for name in files)
    with tifffile.TiffWriter(path) as file:
        for index in range(pages):
            text = OME.format(*sizes, blocks) if index == 0 else None
            file.write(gray, description=text, metadata=None, **({"photometric": "minisblack"} | options))
    return path


@pytest.mark.parametrize("sizes", [(3, 1, 1), (1, 3, 1), (1, 1, 3), (3, 2, 2)])
def test_a_stack_of_ome_that_was_cut_off_is_refused_unless_a_page_is_chosen(tmp_path, sizes):
    for pages in (1, 2):
        path = written_as_ome(tmp_path / "x.tif", sizes, pages)
        message = (
            rf"states {np.prod(sizes)} pictures, it holds {pages}: it was cut off.*1 to {pages} \(page\)"
        )
        with pytest.raises(ValueError, match=message):
            read_picture(path)
        assert read_picture(path, page=pages).um_per_pixel == 0.04


def test_whole_pictures_of_ome_are_read(tmp_path):
    assert read_picture(written_as_ome(tmp_path / "x.tif", (1, 1, 1))).um_per_pixel == 0.04
    # Of a set of files each describes all; colours are samples of one page.
    path = written_as_ome(tmp_path / "y.tif", (2, 1, 1), files=("y.tif", "z.tif"))
    np.testing.assert_array_equal(read_picture(path).gray, GRAY)
    colours = np.stack([GRAY] * 3, axis=-1)
    path = written_as_ome(tmp_path / "z.tif", (1, 3, 1), gray=colours, photometric="rgb")
    np.testing.assert_array_equal(read_picture(path).gray, GRAY)
    with tifffile.TiffWriter(tmp_path / "own.ome.tif") as file:
        file.write(np.stack([GRAY] * 3), metadata={"axes": "ZYX"})
    with pytest.raises(ValueError, match=r"it holds 3 pictures, one per file is read.*\(page\)"):
        read_picture(tmp_path / "own.ome.tif")
