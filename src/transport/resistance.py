"""Resistance of contacts, from their area and from how crowded with contacts their particles are.

A small round contact of radius a = sqrt(A / pi) between two half-spaces of conductivity sigma has the
resistance 1 / (2 sigma a) (Maxwell, 1873; Batchelor & O'Brien, Proc. R. Soc. Lond. A 355 (1977) 313), half of
it on each side; with an electrode on one side it is 1 / (4 sigma a). Under pressure contacts are not small: a
half is then multiplied by

    1 + CROWDING (sum of a over the contacts of the particle - OWN a) / R, at least 1.

What flows through the other contacts of a particle raises the potential at this one. Smeared over the sphere,
as the current of a uniform field is, that is the sum of a / (pi R), less a part that the contact has of its
own; the two constants are fitted on lattices solved on voxels (benchmarks/transport.py, docs/transport.md).
"""

from __future__ import annotations

import numpy as np

from transport.network import ContactNetwork

CROWDING, OWN = 0.202, 5.12


def conductances(
    network: ContactNetwork,
    species: int,
    conductivity: float,
    contact_resistance: float = 0.0,
    crowding: bool = True,
) -> np.ndarray:
    """Conductance of each contact of one species.

    Parameters
    ----------
    network
        Its contacts.
    species
        That conducts.
    conductivity
        Of the dense material [S/m].
    contact_resistance
        Of a grain boundary or coating between two particles, per contact area [ohm m^2].
    crowding
        Whether contacts of a particle feel each other; else they are small ones.

    Returns
    -------
    numpy.ndarray
        0 where the species has no contact [C, S].

    Raises
    ------
    ValueError
        If the conductivity is not above 0, or the resistance below 0.
    """
    if not (np.isfinite(conductivity) and conductivity > 0):
        raise ValueError(f"the conductivity of a dense phase must be above 0 [S/m], got {conductivity}")
    if not (np.isfinite(contact_resistance) and contact_resistance >= 0):
        raise ValueError(f"the resistance of contacts must be at least 0 [ohm m2], got {contact_resistance}")
    within = network.within(species)
    i, j, area = network.i[within], network.j[within], network.area[within]
    between = j >= 0
    partner = np.maximum(j, 0)
    contact = np.sqrt(area / np.pi)
    number = network.species.size
    crowd = np.bincount(i, contact, number)
    crowd += np.bincount(partner[between], contact[between], number)
    strength = CROWDING if crowding else 0.0
    of_i, of_j = (
        (1 + strength * np.maximum(crowd[k] - OWN * contact, 0) / network.radius[k])
        / (4 * conductivity * contact)
        for k in (i, partner)
    )
    conductance = np.zeros(network.i.size)
    conductance[within] = 1 / (of_i + np.where(between, of_j + contact_resistance / area, 0.0))
    return conductance
