"""Names of files."""

from study.names import file_names


def test_files_of_one_name_keep_apart():
    names = file_names(["a/x.png", "b/x.png", "x.tif", "X.tif", "x-2.png"])
    assert names == ["x", "x-2", "x-3", "X-4", "x-2-2"]
