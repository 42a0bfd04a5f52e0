"""Lists of candidate contacts, which remember from one list to the next; see `dem.state.Contacts`."""

from __future__ import annotations

import numpy as np
from numba import njit

from dem.cpu.law import pair_constants, write
from electrode.species import WALL

# Of the type of particles' species, so that one compilation serves pairs and walls.
OF_WALL = np.int8(WALL)


@njit(cache=True, nogil=True)
def keep_old(contacts):
    """Set the present list aside: what its contacts remember goes into the next one."""
    used = contacts.first[-1]
    contacts.old_first[:] = contacts.first
    contacts.old_partner[:used] = contacts.partner[:used]
    room = contacts.friction.size
    for row in range(0, contacts.displacement.size, room):
        contacts.old_displacement[row : row + used] = contacts.displacement[row : row + used]
    for row in range(0, contacts.history.size, room):
        contacts.old_history[row : row + used] = contacts.history[row : row + used]


@njit(cache=True, nogil=True)
def _old_place(contacts, owner, partner, start):
    """Place of a pair in the previous list, -1 if it was not there; looked for from `start` on."""
    first, end = contacts.old_first[owner], contacts.old_first[owner + 1]
    for p in range(start, end):
        if contacts.old_partner[p] == partner:
            return p
    for p in range(first, min(start, end)):
        if contacts.old_partner[p] == partner:
            return p
    return -1


@njit(cache=True, nogil=True)
def add_contact(contacts, p, start, owner, partner, species, radius, mass, law, friction):
    """Make a pair candidate p of the list; it remembers what it was in the last one.

    Parameters
    ----------
    contacts, p
        List and place in it.
    start
        Where in the last list to look first: lists of an owner keep their order, so it is the place after
        that of the pair before.
    owner, partner
        The pair.
    species
        Of both.
    radius, mass
        Effective [m], [kg].
    law, friction
        See `dem.state.System`.

    Returns
    -------
    int
        Where to look first for the next pair of the owner.
    """
    contacts.owner[p] = owner
    contacts.partner[p] = partner
    old = _old_place(contacts, owner, partner, start)
    room = contacts.friction.size
    for row in range(0, contacts.displacement.size, room):
        contacts.displacement[row + p] = contacts.old_displacement[row + old] if old >= 0 else 0.0
    for row in range(0, contacts.history.size, room):
        contacts.history[row + p] = contacts.old_history[row + old] if old >= 0 else 0.0
    write(contacts.constants, p, room, pair_constants(law, species[0], species[1], radius, mass))
    contacts.friction[p] = friction[species[0], species[1]]
    return old + 1 if old >= 0 else start
