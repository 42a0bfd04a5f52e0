"""Where the images that a configuration lists are."""

import os

import pytest

from study.micrographs import locate_images


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Two configurations, the second of which names an image beside it; the current folder is another."""
    (tmp_path / "mine/pictures").mkdir(parents=True)
    (tmp_path / "mine/pictures/a.png").touch()
    (tmp_path / "here").mkdir()
    (tmp_path / "here/a.png").touch()
    base, overlay, more = (tmp_path / name for name in ("base.yaml", "mine/study.yaml", "more.yaml"))
    base.write_text("prediction: {images: [], um_per_pixel: null}\n", encoding="utf-8")
    overlay.write_text("prediction: {images: [pictures/a.png]}\n", encoding="utf-8-sig")
    more.write_text("prediction: {um_per_pixel: 0.1}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "here")
    return [base, overlay, more]


def test_paths_count_from_the_configuration_that_names_them(files):
    assert locate_images(["pictures/a.png"], files) == ["../mine/pictures/a.png"]
    assert locate_images(["a.png"], files, {"prediction": {"images": ["a.png"]}}) == ["a.png"]
    whole = str(files[1].parent / "pictures/a.png")
    assert locate_images([whole], files, {"study": "x"}) == [whole]
    assert locate_images([], files[:1]) == []


def test_a_missing_image_is_named(files):
    missing = files[1].parent / "pictures/b.png"
    with pytest.raises(ValueError, match=r"prediction\.images: there is no file") as raised:
        locate_images(["pictures/b.png"], files)
    assert str(missing) in str(raised.value) and "../mine/study.yaml" in str(raised.value)
    with pytest.raises(ValueError, match=r"named b\.png in the command line"):
        locate_images(["b.png"], files, {"prediction": {"images": ["b.png"]}})
    with pytest.raises(ValueError, match="there is no file"):
        locate_images(["pictures"], files)


def test_a_file_without_content_names_no_image(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.yaml").touch()
    assert locate_images([], [tmp_path / "empty.yaml"]) == [] and os.getcwd() == str(tmp_path)
