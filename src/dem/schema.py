"""JSON Schema of the sections that the DEM reads, made from the annotations of `dem.parameters`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_origin, get_type_hints

from dem.configured import Bounds, Names, annotated, keys_of, required_keys
from dem.laws import LAWS
from dem.parameters import PARAMETERS, Contacts, Material

TYPES = {float: "number", int: "integer", bool: "boolean", str: "string"}
# JSON Schema's names of the bounds of a `Bounds`.
BOUNDS = {"above": "exclusiveMinimum", "least": "minimum", "below": "exclusiveMaximum", "most": "maximum"}


def sections_schema(geometry: str = "planar") -> dict[str, Any]:
    """Schema of each of the `dem.parameters.SECTIONS`, by name, in the plane or in space."""
    own = {name: _section(law.Parameters) for name, law in LAWS.items() if law.Parameters is not None}
    contacts = _section(Contacts, ["own"])
    contacts["properties"] |= own
    parameters = PARAMETERS[geometry]
    _, seed = keys_of(parameters)["seed"]
    kinds = get_type_hints(parameters)
    return {
        "seed": _value(*annotated(seed)),
        "structure": _section(kinds["structure"]),
        "materials": _object(dict.fromkeys(("AM", "SE"), _section(Material)), ["AM", "SE"]),
        "contacts": contacts,
        "compression": _section(kinds["compression"]),
    }


def _section(kind: type[Any], given: Iterable[str] = ()) -> dict[str, Any]:
    keys = keys_of(kind, given)
    return _object(
        {key: _value(*annotated(hint)) for key, (_, hint) in keys.items()}, required_keys(kind, given)
    )


def _object(properties: Mapping[str, Any], required: Iterable[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": dict(properties),
    }


def _value(quantity: Bounds, names: Names | None, hint: Any) -> dict[str, Any]:
    """Schema of a value with such an annotation, see `dem.configured.check_value`."""
    kinds = get_args(hint)
    origin = get_origin(hint) or hint
    if origin is tuple and kinds[-1] is Ellipsis:
        return {"type": "array", "uniqueItems": True, "items": _value(quantity, None, kinds[0])}
    if origin is tuple:
        items = [_value(quantity, None, kind) for kind in kinds]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin is Mapping and names is not None:
        return _object({name: _value(quantity, None, kinds[1]) for name in names.allowed}, names.allowed)
    if type(None) in kinds:
        schema = _value(quantity, names, next(kind for kind in kinds if kind is not type(None)))
        return {**schema, "type": [schema["type"], "null"]}
    schema = {"type": TYPES[origin]}
    if quantity.unit:
        schema["description"] = quantity.about
    if names is not None:
        schema["enum"] = list(names.allowed)
    schema |= {
        BOUNDS[name]: bound
        for name, bound in quantity._asdict().items()
        if name in BOUNDS and bound is not None
    }
    return schema
