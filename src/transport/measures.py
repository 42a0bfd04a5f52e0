"""The numbers of one structure: conductivities, tortuosity factors, percolation, and what AM can be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from electrode.species import AM, SE
from transport.kirchhoff import Conduction, conduct
from transport.network import ContactNetwork
from transport.resistance import conductances

# Key of the configuration -> how many of its unit make one of SI.
_KEYS = {
    "ionic_conductivity_mS_per_cm": 10,
    "electronic_conductivity_mS_per_cm": 10,
    "ionic_contact_resistance_ohm_cm2": 10_000,
    "electronic_contact_resistance_ohm_cm2": 10_000,
}


@dataclass(frozen=True)
class Conductor:
    """A phase that conducts: SE ions, AM electrons."""

    conductivity: float  # of the dense material, above 0 [S/m]
    contact_resistance: float = 0.0  # of a boundary or coating between two particles [ohm m^2]


def read_conductors(section: Mapping[str, Any]) -> dict[int, Conductor]:
    """Conductors by species, from the section ``transport`` of a configuration.

    Raises
    ------
    ValueError
        If a key is missing or unknown, a conductivity not above 0, or a resistance below 0: an insulator has
        no effective conductivity relative to its own.
    """
    if others := sorted(set(_KEYS) ^ set(section)):
        word = "missing" if others[0] in _KEYS else "unknown"
        raise ValueError(f"transport.{others[0]} is {word}; the section has {', '.join(_KEYS)}")
    values = {}
    for key, number_in_si in _KEYS.items():
        value = section[key]
        resists = "resistance" in key
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
        if not is_number or value < 0 or (value == 0 and not resists):
            bound = ">= 0" if resists else "> 0"
            raise ValueError(f"transport.{key} must be a number {bound}, got {value!r}")
        values[key] = value / number_in_si
    ionic, electronic, se_boundary, am_boundary = values.values()
    return {SE: Conductor(ionic, se_boundary), AM: Conductor(electronic, am_boundary)}


def conduction_of(network: ContactNetwork, species: int, conductor: Conductor) -> Conduction:
    """Current through one phase of a network, with the resistances of `transport.resistance`."""
    links = conductances(network, species, conductor.conductivity, conductor.contact_resistance)
    return conduct(network, species, links)


def word(network: ContactNetwork, species: int, conduction: Conduction) -> str:
    """In a word, why a phase conducts or does not."""
    if not (network.species == species).any():
        return "absent"
    return "percolates" if conduction.percolates else "does not percolate"


def am_access(network: ContactNetwork) -> tuple[float, float, float]:
    """Shares of AM volume that ions reach, that electrons reach, and that both do [-]; NaN without AM.

    Ions reach a particle that touches SE of a cluster which reaches the separator, electrons one in a cluster
    of AM that reaches the collector.
    """
    am = network.species == AM
    if not am.any():
        return np.nan, np.nan, np.nan
    _, se_supplied, _ = network.clusters(SE)
    _, _, electronic = network.clusters(AM)
    between = (network.area > 0) & (network.j >= 0)
    i, j = network.i[between], network.j[between]
    ionic = np.zeros(am.size, bool)
    ionic[i[am[i] & se_supplied[j]]] = True
    ionic[j[am[j] & se_supplied[i]]] = True
    volume = network.radius**3 * am
    ions, electrons, both = (
        float(volume[reached].sum() / volume.sum()) for reached in (ionic, electronic, ionic & electronic)
    )
    return ions, electrons, both


def transport_values(network: ContactNetwork, conductors: Mapping[int, Conductor]) -> dict[str, float]:
    """All numbers of a structure, by the names of `electrode.conduction.CONDUCTION` [SI].

    Parameters
    ----------
    network
        Of the structure.
    conductors
        See `read_conductors`.

    Returns
    -------
    dict
        Conductivities are exactly 0 where a phase is absent or does not percolate, its tortuosity factor then
        not a number; accesses are not a number without AM.
    """
    values: dict[str, float] = {}
    for species, solid, carried in ((SE, "se", "ionic"), (AM, "am", "electronic")):
        conductor = conductors[species]
        conduction = conduction_of(network, species, conductor)
        relative = conduction.conductivity / conductor.conductivity
        values[f"{carried}_conductivity"] = conduction.conductivity
        values[f"{carried}_conductivity_relative"] = relative
        values[f"{solid}_tortuosity_factor"] = (
            network.volume_fraction(species) / relative if conduction.percolates else np.nan
        )
        values[f"{solid}_percolates"] = float(conduction.percolates)
    accesses = am_access(network)
    values |= dict(zip(("am_ionic_access", "am_electronic_access", "am_utilisation"), accesses, strict=True))
    return values
