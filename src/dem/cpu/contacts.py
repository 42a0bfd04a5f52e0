"""Lists of candidate contacts, which remember from one list to the next; see `dem.state.Contacts`."""

from __future__ import annotations

import numpy as np
from numba import njit

from dem.cpu.law import pair_constants, write
from dem.state import TILE
from electrode.species import WALL

# Of the type of particles' species, so that one compilation serves pairs and walls.
OF_WALL = np.int8(WALL)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def rows_of(columns, contacts):
    """Numbers that an array of contacts holds of each."""
    return columns.size // contacts.friction.size


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def place_of(p, rows):
    """Place of the first number of contact p, of so many `TILE` apart."""
    return p // TILE * TILE * rows + p % TILE


@njit(cache=True, nogil=True)
def keep_old(contacts):
    """Set the present list aside: what its contacts remember goes into the next one."""
    used = -(-contacts.first[-1] // TILE) * TILE
    contacts.old_first[:] = contacts.first
    contacts.old_partner[:used] = contacts.partner[:used]
    displaced = used * rows_of(contacts.displacement, contacts)
    contacts.old_displacement[:displaced] = contacts.displacement[:displaced]
    remembered = used * rows_of(contacts.history, contacts)
    contacts.old_history[:remembered] = contacts.history[:remembered]


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _old_place(old_partner, first, end, partner, start):
    """Place of a partner in an owner's part of the last list, -1 if it was not there.

    Looked for from `start` on: lists of an owner keep their order.
    """
    for p in range(start, end):
        if old_partner[p] == partner:
            return p
    for p in range(first, min(start, end)):
        if old_partner[p] == partner:
            return p
    return -1


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _recall(columns, old_columns, rows, p, old):
    """Give contact p the numbers of contact `old` of the last list, 0 where that is -1."""
    into, kept = place_of(p, rows), place_of(max(old, 0), rows)
    for row in range(0, rows * TILE, TILE):
        columns[into + row] = old_columns[kept + row] if old >= 0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def fill_in(contacts, radius, mass, species, law, friction, at_walls):
    """Fill in a list of candidates: what the law needs of each, and what it remembers from the last list.

    Parameters
    ----------
    contacts
        `first` and `partner` say who they are; the last list is set aside, see `keep_old`.
    radius, mass, species
        Of the particles [N, m], [N, kg], [N].
    law, friction
        The law, and the Coulomb coefficient per pair of species [3, 3].
    at_walls
        Whether the partners are walls.
    """
    # Taken out of the tuple here: Numba counts references of what it takes out, and loops would pay for it.
    first, owner, partner = contacts.first, contacts.owner, contacts.partner
    constants, coefficient = contacts.constants, contacts.friction
    displacement, old_displacement = contacts.displacement, contacts.old_displacement
    history, old_history = contacts.history, contacts.old_history
    old_first, old_partner = contacts.old_first, contacts.old_partner
    of_law, axes, of_history = (
        rows_of(constants, contacts),
        rows_of(displacement, contacts),
        rows_of(history, contacts),
    )
    for i in range(mass.size):
        look_from = old_first[i]
        for p in range(first[i], first[i + 1]):
            j = partner[p]
            owner[p] = i
            old = _old_place(old_partner, old_first[i], old_first[i + 1], j, look_from)
            if old >= 0:
                look_from = old + 1
            _recall(displacement, old_displacement, axes, p, old)
            _recall(history, old_history, of_history, p, old)
            if at_walls:
                species_j, pair_radius, pair_mass = OF_WALL, radius[i], mass[i]
            else:
                species_j = species[j]
                pair_radius = radius[i] * radius[j] / (radius[i] + radius[j])
                pair_mass = mass[i] * mass[j] / (mass[i] + mass[j])
            known = pair_constants(law, species[i], species_j, pair_radius, pair_mass)
            write(constants, place_of(p, of_law), TILE, known)
            coefficient[p] = friction[species[i], species_j]
