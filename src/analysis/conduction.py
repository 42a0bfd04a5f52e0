"""Conduction in the structures of a study, which their dataset holds beside the rest."""

from __future__ import annotations

from collections.abc import Mapping

from electrode.conduction import CONDUCTION
from provenance import FilePath
from provenance.netcdf import open_result


def read_conduction(path: FilePath | None) -> dict[str, dict[str, float]]:
    """The numbers of `electrode.conduction.CONDUCTION` by sample, from a file of the step ``transport``.

    Raises
    ------
    ValueError
        If it cannot be read or lacks a variable.
    """
    if path is None:
        return {}
    opened = open_result(path, "sample", *CONDUCTION)
    columns = [opened[name].values.tolist() for name in CONDUCTION]
    rows = zip(opened["sample"].values.tolist(), *columns, strict=True)
    return {sample: dict(zip(CONDUCTION, values, strict=True)) for sample, *values in rows}


def conduction_in(sample: str, conduction: Mapping[str, dict[str, float]]) -> dict[str, float]:
    """The numbers of a sample; none where conduction was not measured in any.

    Raises
    ------
    ValueError
        If it was measured, but not in this one.
    """
    if conduction and sample not in conduction:
        raise ValueError(f"conduction was not measured in {sample}: delete transport.nc and run again")
    return conduction.get(sample, {})
