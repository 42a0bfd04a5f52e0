"""The configuration, refused if it breaks the schema or its keys do not fit each other."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, cast

import yaml
from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

from dem.configuration_file import read_configuration
from dem.configured import (
    LARGEST,
    BadValue,
    Bounds,
    check_value,
    is_number,
    refused_key,
)
from dem.parameters import geometry_of, read_parameters
from dem.schema import BOUNDS, TYPES, sections_schema
from provenance import FilePath
from study.consistency import (
    check_environment,
    check_grid,
    check_image,
    check_pressing,
    check_together,
)

# By geometry: its schema in the folder of schemas, and what else is checked.
SCHEMAS = {"planar": "config.schema.yaml", "spatial": "spatial.schema.yaml"}
TOGETHER = {"planar": check_together, "spatial": check_pressing}
# Types of JSON Schema -> of fields.
ANNOTATIONS: dict[str, Any] = {**{name: kind for kind, name in TYPES.items()}, "object": Mapping[str, Any]}
# More of them do not fit on a screen.
MOST_PROBLEMS = 10


def _is_number(_: object, value: object) -> bool:
    """Finite, also as a floating-point number, and not a truth value."""
    return is_number(value)


def _is_integer(_: object, value: object) -> bool:
    """Without 2000.0, which JSON Schema would take for an integer and Python would not; of 64 bit."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST


_Validator = validators.extend(  # type: ignore[no-untyped-call]  # the stubs lack its types
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"number": _is_number, "integer": _is_integer}
    ),
)


def schema_of(config: Mapping[str, Any], folder: FilePath) -> Path:
    """Schema of the geometry of a configuration; ValueError if that is none."""
    return Path(folder) / SCHEMAS[geometry_of(config)]


def check_configuration(
    config: Mapping[str, Any],
    schema: FilePath,
    place: Callable[[str], str] = lambda key: "",
    conda: bool = False,
) -> None:
    """Refuse a configuration that breaks the schema, or whose keys do not fit each other.

    Parameters
    ----------
    config
        All sections, defaults included.
    schema
        JSON Schema as YAML, see `schema_of`: types and bounds of single keys; descriptions are shown in
        messages.
    place
        Gives file and line of a dotted key, or nothing, see `places`.
    conda
        Whether jobs run in the conda environments.

    Raises
    ------
    ValueError
        With one line per problem, each naming the key, the bound and the value received.
    """
    problems = [
        _placed(place, _key(error), _describe(error, schema, config)) for error in _errors(config, schema)
    ]
    if not problems:
        try:
            TOGETHER[geometry_of(config)](config)
            if conda:
                check_environment(config)
        except ValueError as error:
            problems = [_placed(place, refused_key(error), str(error))]
    if problems:
        raise ValueError(
            "configuration refused (config/README.md):\n  " + "\n  ".join(problems[:MOST_PROBLEMS])
        )


def check_sections(config: Mapping[str, Any], schema: FilePath, others: Sequence[str] = ()) -> None:
    """Refuse a configuration if single electrodes cannot be made from it.

    Parameters
    ----------
    config
        With the `dem.parameters.SECTIONS`; more of them are left aside.
    schema
        See `check_configuration`.
    others
        Sections that are needed too.

    Raises
    ------
    ValueError
        Of the first problem; `BadValue` where its key is known.
    """
    read_parameters(config)
    for name in others:
        if name not in config:
            raise BadValue(f"{name} is missing")
    for error in _errors(config, schema, others):
        raise BadValue(_describe(error, schema, config), _key(error))
    if "image" in others:
        check_image(config)
    if "grid" in others:
        check_grid(config)


def places(files: Iterable[FilePath], overriding: Mapping[str, Any]) -> Callable[[str], str]:
    """Function that gives file and line where a key was last set.

    Parameters
    ----------
    files
        YAML, each of which overrides those before it.
    overriding
        What the command line says.

    Raises
    ------
    OSError, ValueError
        If a file cannot be read or has a key twice.
    """
    read = [read_configuration(file) for file in files]

    def place(key: str) -> str:
        values: Any = overriding
        parts = key.split(".")
        for part in parts:
            if not isinstance(values, Mapping) or part not in values:
                break
            values = values[part]
            if not isinstance(values, Mapping):
                return f"--config {parts[0]}=..."
        while key:
            for file in reversed(read):
                if key in file.lines:
                    return file.place(key)
            key = key.rpartition(".")[0]
        return ""

    return place


def typed(value: Any) -> Any:
    """What texts of YAML stand for, in whatever sections and lists.

    Keys below a section that is given on a command line come as text, ``{"replicates": "6"}``.
    """
    if isinstance(value, Mapping):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    if isinstance(value, str):
        try:
            read = yaml.safe_load(value)
        except (yaml.YAMLError, ValueError):
            return value
        return read if read is None or isinstance(read, (bool, int, float)) else value
    return value


def _errors(
    config: Mapping[str, Any], schema: FilePath, sections: Sequence[str] | None = None
) -> Iterable[ValidationError]:
    """What breaks the schema, or the part of it that is about some sections."""
    rules = dict(_rules(str(schema), geometry_of(config)))
    if sections is not None:
        rules["required"] = list(sections)
        rules["properties"] = {name: rules["properties"][name] for name in sections}
        config = {name: config[name] for name in sections}
    return _Validator(rules).iter_errors(config)


@cache
def _rules(schema: str, geometry: str) -> Mapping[str, Any]:
    """The schema, whole: with the sections of the DEM."""
    rules = yaml.safe_load(Path(schema).read_text(encoding="utf-8"))
    return {**rules, "properties": {**rules["properties"], **sections_schema(geometry)}}


def _key(error: ValidationError) -> str:
    """Dotted key of what breaks the schema; that of a list for its items, which have no line of their own."""
    key = ".".join(str(part) for part in error.absolute_path if isinstance(part, str))
    if error.validator == "additionalProperties":
        key = ".".join(filter(None, (key, _unknown(error))))
    return key


def _placed(place: Callable[[str], str], key: str, problem: str) -> str:
    return ": ".join(filter(None, (place(key), problem)))


def _unknown(error: ValidationError) -> str:
    """The first key that the schema does not name."""
    known = cast(Mapping[str, Any], error.schema)["properties"]
    return min(str(name) for name in set(cast(Mapping[str, Any], error.instance)) - set(known))


def _describe(error: ValidationError, schema: FilePath, config: Mapping[str, Any]) -> str:
    """One line for a violation of the schema: key, bound and value received."""
    key = ".".join(str(part) for part in error.absolute_path)
    # Only the schema `false` is none of these, and ours has none.
    broken = cast(Mapping[str, Any], error.schema)
    if error.validator == "additionalProperties":
        known = broken["properties"]
        unknown = _unknown(error)
        close = difflib.get_close_matches(unknown, known, 1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
        unknown = ".".join(filter(None, (key, unknown)))
        if geometry := _elsewhere(unknown, schema, config):
            hint = f"it is one of geometry: {geometry}; {hint}"
        return f"unknown key {unknown}; {hint}"
    key, about = key or "top level", broken.get("description", "")
    try:
        check_value(key, error.instance, _annotation(broken), about)
    except BadValue as problem:
        return str(problem)
    return f"{key}: {error.message} ({about or 'see config/README.md'})"


def _elsewhere(key: str, schema: FilePath, config: Mapping[str, Any]) -> str:
    """Another geometry that has such a key, dotted; nothing if none has."""
    for geometry, name in SCHEMAS.items():
        rules: Any = _rules(str(Path(schema).with_name(name)), geometry)
        for part in key.split("."):
            rules = rules.get("properties", {}).get(part, {})
        if rules and geometry != geometry_of(config):
            return geometry
    return ""


def _annotation(schema: Mapping[str, Any]) -> Any:
    """Annotation of a field with such a schema: a refused value is told in the words of the DEM."""
    types = schema.get("type", ())
    kind = ANNOTATIONS.get(types if isinstance(types, str) else types[0] if types else "", Any)
    return Annotated[kind, Bounds("", *(schema.get(word) for word in BOUNDS.values()))]
