"""Potentials and currents of one phase of a contact network, by Kirchhoff's laws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csc_array, diags_array
from scipy.sparse.linalg import cg, splu

from transport.network import COLLECTOR, MIDDLE, SEPARATOR, ContactNetwork

# Between the electrodes [V]; what is asked for does not depend on it.
VOLTAGE = 1.0
# Up to so many unknowns elimination is as fast as iteration, and needs no word about convergence.
MOST_ELIMINATED = 3000
TOLERANCE = 1e-13
# Then elimination after all; what percolates needs some tens to a thousand.
MOST_ITERATIONS = 20_000


@dataclass(frozen=True)
class Conduction:
    """Current through one phase at 1 V from collector to separator."""

    percolates: bool
    potential: np.ndarray  # of each particle, 0 at the separator; NaN where no electrode is reached [N, V]
    current: np.ndarray  # through each contact, from i to j; 0 where the phase has none [C, A]
    total: float  # [A]
    imbalance: float  # largest sum of currents into a particle / total current [-]
    conductivity: float  # of the middle [S/m]
    with_electrodes: float  # of the whole thickness, the contacts at the electrodes included [S/m]

    @property
    def electrode_part(self) -> float:
        """Share of the voltage that electrodes take beyond what their layers of bulk would [-].

        Not a number where nothing percolates.
        """
        return 1 - self.with_electrodes / self.conductivity if self.percolates else np.nan

    def through(self, network: ContactNetwork) -> np.ndarray:
        """Current through each particle: what comes in, and goes out again [N, A]."""
        flow = np.abs(self.current)
        between = network.j >= 0
        both = np.bincount(network.i, flow, network.species.size)
        both += np.bincount(network.j[between], flow[between], network.species.size)
        return both / 2


def conduct(network: ContactNetwork, species: int, conductance: np.ndarray) -> Conduction:
    """Solve Kirchhoff's laws in the contacts of one species.

    Parameters
    ----------
    network
        Its contacts.
    species
        That conducts.
    conductance
        Of each contact, above 0 where the species has one [C, S].

    Returns
    -------
    Conduction
        Exactly 0 throughout if no cluster reaches both electrodes. A cluster that reaches one of them has its
        potential.

    Raises
    ------
    ValueError
        If a conductance is not above 0 and finite.
    """
    within = network.within(species)
    if not (np.isfinite(conductance[within]).all() and (conductance[within] > 0).all()):
        wrong = conductance[within][~(np.isfinite(conductance[within]) & (conductance[within] > 0))]
        raise ValueError(f"conductances must be above 0 and finite [S], got {wrong[0]}")
    _, to_separator, to_collector = network.clusters(species)
    potential = np.full(network.species.size, np.nan)
    potential[to_separator] = 0.0
    potential[to_collector & ~to_separator] = VOLTAGE
    current = np.zeros(network.i.size)
    nodes = to_separator & to_collector
    if not nodes.any():
        return Conduction(False, potential, current, 0.0, 0.0, 0.0, 0.0)
    carries = within & nodes[network.i]
    i, j, links = network.i[carries], network.j[carries], conductance[carries]
    potential[nodes] = _potentials(nodes, i, j, links)
    partner = np.where(j == SEPARATOR, 0.0, np.where(j == COLLECTOR, VOLTAGE, potential[np.maximum(j, 0)]))
    flow = links * (potential[i] - partner)
    current[carries] = flow
    total = (flow[j == SEPARATOR].sum() - flow[j == COLLECTOR].sum()) / 2
    between = j >= 0
    into = np.bincount(i, flow, potential.size)
    into -= np.bincount(j[between], flow[between], potential.size)
    # The voltage that the middle takes is the power lost there / current; a contact loses its own evenly
    # between the depths of its ends.
    ends = (
        network.depth[i],
        np.where(
            j == SEPARATOR, 0.0, np.where(j == COLLECTOR, network.thickness, network.depth[np.maximum(j, 0)])
        ),
    )
    power = (flow * (potential[i] - partner) * _share_between(*ends, *network.middle)).sum()
    geometry = network.thickness / network.cross_section
    return Conduction(
        percolates=True,
        potential=potential,
        current=current,
        total=float(total),
        imbalance=float(np.abs(into).max() / total),
        conductivity=float(total**2 * MIDDLE / power * geometry),
        with_electrodes=float(total / VOLTAGE * geometry),
    )


def _share_between(first: np.ndarray, second: np.ndarray, low: float, high: float) -> np.ndarray:
    """Share of each way from one depth to another that lies between two depths [C]."""
    near, far = np.minimum(first, second), np.maximum(first, second)
    inside = ((near >= low) & (far <= high)).astype(float)
    return np.divide(np.clip(far, low, high) - np.clip(near, low, high), far - near, inside, where=far > near)


def _potentials(nodes: np.ndarray, i: np.ndarray, j: np.ndarray, links: np.ndarray) -> np.ndarray:
    """Potentials of the particles that carry current, between 0 and `VOLTAGE` at the electrodes."""
    place = np.cumsum(nodes) - 1
    size = int(nodes.sum())
    first, second = place[i], place[np.maximum(j, 0)]
    between = j >= 0
    diagonal = np.bincount(first, links, size) + np.bincount(second[between], links[between], size)
    collected = j == COLLECTOR
    source = VOLTAGE * np.bincount(first[collected], links[collected], size)
    # Scaled to a diagonal of 1: contacts differ by orders of magnitude.
    scale = 1 / np.sqrt(diagonal)
    off = links[between] * scale[first[between]] * scale[second[between]]
    half = coo_array((off, (first[between], second[between])), shape=(size, size))
    matrix = csc_array(diags_array(np.ones(size)) - half - half.T)
    if size > MOST_ELIMINATED:
        solution, failed = cg(matrix.tocsr(), scale * source, rtol=TOLERANCE, maxiter=MOST_ITERATIONS)
    if size <= MOST_ELIMINATED or failed:
        # Positive definite, as every cluster here has both electrodes: no pivot is sought.
        factors = splu(
            matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
        )
        solution = factors.solve(scale * source)
    return np.asarray(scale * solution)
