"""LAMMPS on spheres in space between floor and piston that stand, periodic across: for comparing speed."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from dem.geometry.spatial import RADIUS
from dem.laws.elastic import effective_youngs_modulus
from dem.parameters import SimulationParameters
from dem.state import SpatialSystem
from electrode.species import AM, SE
from peers import MICRO, SKIN, WALL_TYPE, Motion, execute
from peers.lammps import executable, law_between
from peers.liggghts_space import write_data


def run(system: SpatialSystem, parameters: SimulationParameters, motion: Motion, variant: str) -> float:
    """Seconds of the stepping loop.

    Parameters
    ----------
    system
        Not changed. Contacts start without history.
    parameters, motion
        Materials and contacts; time step and steps.
    variant
        ``granular``, or ``gran/hertz/history`` of one material (SE), see `peers.lammps.run`.
    """
    floor, piston = (float(place) / MICRO for place in system.walls.position[:2])
    species = {"SE": SE, "AM": AM}
    if variant == "granular":
        pairs = ["pair_style granular"]
        for first, second in (("SE", "SE"), ("AM", "SE"), ("AM", "AM")):
            low, high = sorted((species[first], species[second]))
            pairs.append(f"pair_coeff {low} {high} {law_between(parameters, first, second)}")
        pairs.append(f"pair_coeff {WALL_TYPE} {WALL_TYPE} {law_between(parameters, 'SE', 'SE')}")
        wall_laws = {name: f"granular {law_between(parameters, name, 'wall')}" for name in species}
    else:
        soft = parameters.materials["SE"]
        stiffness = 4 / 3 * effective_youngs_modulus(soft, soft)
        law = f"{stiffness:.17g} NULL 1.0e3 NULL 0.5 1"
        pairs = [f"pair_style gran/hertz/history {law}", "pair_coeff * *"]
        wall_laws = dict.fromkeys(species, f"hertz/history {law}")
    smallest = 2 * system.particles.motion[:, RADIUS].min() / MICRO
    script = "\n".join(
        [
            "units si",
            "atom_style sphere",
            "boundary p p f",
            "newton off",
            "comm_modify vel yes",
            "read_data data.txt",
            f"neighbor {SKIN * smallest:.17g} bin",
            "neigh_modify delay 0 every 1 check yes",
            *(f"group {name} type {number}" for name, number in species.items()),
            *pairs,
            f"timestep {motion.time_step / MICRO:.17g}",
            *(
                f"fix walls_{name} {name} wall/gran {law} zplane {floor:.17g} {piston:.17g}"
                for name, law in wall_laws.items()
            ),
            "fix integrate all nve/sphere",
            f"thermo {motion.steps}",
            f"run {motion.steps}",
        ]
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder / "data.txt", system, floor, piston)
        (folder / "script.txt").write_text(script + "\n", encoding="utf-8")
        libraries = f"{sys.prefix}/lib:{os.environ.get('LD_LIBRARY_PATH', '')}"
        environment = {**os.environ, "LD_LIBRARY_PATH": libraries, "OMP_NUM_THREADS": "1"}
        return execute([str(executable()), "-in", "script.txt"], folder, environment)
