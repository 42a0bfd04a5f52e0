"""Conduction in the structures of a trajectory file, in words and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from analysis.figures.current import save_currents
from assb.names import short
from electrode.species import AM, NAMES, SE
from electrode.structures import PressedPacking, Trajectory, read_structures
from electrode.targets import target_row
from provenance import FilePath
from provenance.command import readable
from transport.currents import currents_of
from transport.measures import Conductor, transport_values
from transport.network import ContactNetwork, network_of

# Of pictures that may be made anew.
ENDING = "_current.png"


def conductors_of(ionic_ms_per_cm: float | None, electronic_ms_per_cm: float | None) -> dict[int, Conductor]:
    """Conductors of these conductivities of dense SE and AM; where one is not known, of 1 S/m.

    Raises
    ------
    ValueError
        If one is not above 0.
    """
    conductors = {}
    for species, option, value in (
        (SE, "--ionic-ms-per-cm", ionic_ms_per_cm),
        (AM, "--electronic-ms-per-cm", electronic_ms_per_cm),
    ):
        if value is not None and not 0 < value < float("inf"):
            raise ValueError(f"{option} must be above 0 mS/cm, got {value:g}")
        conductors[species] = Conductor(1.0 if value is None else value / 10)
    return conductors


def sentences(
    network: ContactNetwork, conductors: Mapping[int, Conductor], known: Mapping[int, bool]
) -> list[str]:
    """Conduction of one structure for readers.

    Parameters
    ----------
    network
        Of the structure.
    conductors
        By species.
    known
        Whether the conductivity of the dense phase is known, or only what is relative to it.
    """
    values = transport_values(network, conductors)
    lines = []
    for species, phase, carried in ((SE, "se", "ionic"), (AM, "am", "electronic")):
        solid = NAMES[species]
        if not (network.species == species).any():
            lines.append(f"{solid} is absent: {carried} conductivity 0")
        elif not values[f"{phase}_percolates"]:
            lines.append(f"{solid} does not percolate: {carried} conductivity 0")
        else:
            told = f"{short(values[f'{carried}_conductivity_relative'])} of dense {solid}"
            if known[species]:
                unit = target_row(f"{carried}_conductivity").display
                told += f" ({short(unit.factor * values[f'{carried}_conductivity'])} {unit.symbol})"
            tortuosity = short(values[f"{phase}_tortuosity_factor"])
            lines.append(f"{solid} percolates: {carried} conductivity {told}, tortuosity factor {tortuosity}")
    if (network.species == AM).any():
        names = ("am_ionic_access", "am_electronic_access", "am_utilisation")
        ions, electrons, both = (f"{100 * values[name]:.0f} %" for name in names)
        lines.append(f"of the AM volume ions reach {ions}, electrons {electrons}, both {both}")
    return lines


def check_picture(output: FilePath) -> Path:
    """Raise ValueError if a picture cannot be written there, or is not one that may be made anew."""
    path = Path(output)
    if path.suffix.lower() != ".png":
        raise ValueError(f"{readable(path)}: the picture must be a .png file")
    if path.exists() and not path.name.endswith(ENDING):
        raise ValueError(f"{readable(path)} exists; remove it or name another output")
    return path


def tell_file(
    trajectory: FilePath,
    output: FilePath,
    ionic_ms_per_cm: float | None = None,
    electronic_ms_per_cm: float | None = None,
) -> dict[str, list[str]]:
    """Tell how all structures of a file conduct; the current through SE of one is drawn.

    Parameters
    ----------
    trajectory
        HDF5 file, in the plane or in space.
    output
        PNG: of the first structure, in space the first packing under its highest pressure.
    ionic_ms_per_cm, electronic_ms_per_cm
        Conductivity of dense SE and AM [mS/cm]; None: what is relative to it is told.

    Returns
    -------
    dict
        By structure, its `sentences`.

    Raises
    ------
    ValueError
        If the file cannot be read, or a conductivity is not above 0.
    """
    conductors = conductors_of(ionic_ms_per_cm, electronic_ms_per_cm)
    known = {SE: ionic_ms_per_cm is not None, AM: electronic_ms_per_cm is not None}
    told: dict[str, list[str]] = {}
    drawn: PressedPacking | Trajectory | None = None
    for structure in read_structures(trajectory):
        told[structure.name] = sentences(network_of(structure), conductors, known)
        if drawn is None or _before(structure, drawn):
            drawn = structure
    if drawn is None:
        raise ValueError(f"{readable(trajectory)} holds no structure")
    save_currents(currents_of(drawn, SE, conductors[SE]), drawn, [output])
    return told


def _before(structure: PressedPacking | Trajectory, drawn: PressedPacking | Trajectory) -> bool:
    """Whether a structure is to be drawn instead of another: the same packing under a higher pressure."""
    this, other = structure.drawn, drawn.drawn
    return (
        "packing" in this
        and this["packing"] == other["packing"]
        and "unloaded_to_Pa" not in this
        and ("unloaded_to_Pa" in other or this["pressure_Pa"] > other["pressure_Pa"])
    )
