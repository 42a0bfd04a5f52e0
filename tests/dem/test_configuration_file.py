import pytest

from dem.configuration_file import read_configuration
from dem.parameters import read_parameters


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {b: 1, c: 2,\n  b: 3}", "line 2: the key a.b stands there twice, first in line 1"),
        ("a:\n- {b: 1, b: 2}", "line 2: the key a.b stands there twice, first in line 2"),
        ("a: 1\nb: [", "line 2: cannot be read as YAML"),
        ("- a", "must hold keys with values, got a list: ['a']"),
        ("a: 2026-02-30", "cannot be read as YAML: day is out of range"),
        (4000 * "[", "cannot be read as YAML"),
        (b"a: \xe9", "must be text in UTF-8, but byte 3 is not"),
        (b"a: \x00", "cannot be read as YAML"),
    ],
)
def test_files_that_are_no_configuration_are_refused_by_name(tmp_path, text, message):
    path = tmp_path / "mine.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError) as refused:
        read_configuration(path)
    assert str(refused.value).startswith(str(path)) and message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_configuration_may_have_marks_anchors_merges_and_cycles(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("\ufeffa: &a {x: 1}\nb: {<<: *a, y: 2}\nc: &c [*c]\n", encoding="utf-8")
    file = read_configuration(path)
    assert file.values["a"] == {"x": 1} and file.values["b"] == {"x": 1, "y": 2}
    assert file.lines["b.y"] == 2 and file.place("b.z") == f"{path}, line 2" and file.place("z") == str(path)
    path.write_text('{\n\t"a": {"b": 1}\n}', encoding="utf-8")
    assert read_configuration(path).values == {"a": {"b": 1}}, "JSON"
    path.write_text("", encoding="utf-8")
    assert read_configuration(path).values == {}


def test_each_refused_value_has_the_line_of_its_key(root, tmp_path):
    text = (root / "config/config.yaml").read_text(encoding="utf-8")
    path = tmp_path / "mine.yaml"
    for old, new in (
        ("    density_kg_per_m3: 2000", "    density_kg_per_m3: -2000"),
        ("    SE-wall: 0.5", "    SE-wall: -1"),
        ("  am_mean_diameter_um: [6, 12]", "  am_mean_diameter_um: [12, 6]"),
        ("  se_pitch_um: 0.1", "  se_pitch_um: 0.1\n  se_size_um: 3"),
    ):
        changed = text.replace(old, new, 1)
        path.write_text(changed, encoding="utf-8")
        file = read_configuration(path)
        line = changed[: changed.index(new) + len(new)].count("\n") + 1
        with pytest.raises(ValueError, match=rf"mine\.yaml, line {line}: "), file.named():
            read_parameters(file.values)
