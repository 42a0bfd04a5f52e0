"""LIGGGHTS: Hertz with tangential history, the law of this project."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np

from dem.parameters import SimulationParameters
from electrode.species import AM, SE, SPECIES
from peers import FORCE, MICRO, SKIN, WALL_TYPE, Motion, Result, depth, execute, read_states, write_data

RIGID = 1e25  # Young's modulus [Pa]


def executable() -> str | None:
    """Path of the LIGGGHTS executable, None where it is not installed."""
    return shutil.which("liggghts")


def pairs_table(values: dict[str, float]) -> str:
    """Table of a per-pair property for the types 1, 2, 3."""
    names = {number: name for name, number in SPECIES.items() if name != "wall"} | {WALL_TYPE: "wall"}
    table = []
    for i in (SE, AM, WALL_TYPE):
        for j in (SE, AM, WALL_TYPE):
            pair = f"{names[i]}-{names[j]}"
            table.append(values.get(pair, values.get(f"{names[j]}-{names[i]}", 0.5)))
    return " ".join(f"{value:.17g}" for value in table)


def run(particles, walls: np.ndarray, parameters: SimulationParameters, motion: Motion) -> Result:
    """Hertz with tangential history: the law of this project.

    Parameters
    ----------
    particles
        `dem.state.Particles`; not changed. Contacts start without history.
    walls
        Left, right, bottom, top [4, m].
    parameters
        Materials and contacts.
    motion
        Of the right wall.
    """
    materials, contacts = parameters.materials, parameters.contacts
    speed = motion.wall_speed
    model = "model hertz tangential history"
    left, right, bottom, top = (float(wall) / MICRO for wall in walls)
    moduli = f"{materials['SE'].youngs_modulus:.17g} {materials['AM'].youngs_modulus:.17g} {RIGID:.17g}"
    ratios = f"{materials['SE'].poissons_ratio:.17g} {materials['AM'].poissons_ratio:.17g} 0.0"
    script = f"""
        units si
        atom_style granular
        boundary f f f
        newton off
        communicate single vel yes
        hard_particles yes
        read_data data.txt
        neighbor {SKIN * 2 * particles.radius.min() / MICRO:.17g} bin
        neigh_modify delay 0
        fix youngs all property/global youngsModulus peratomtype {moduli}
        fix poisson all property/global poissonsRatio peratomtype {ratios}
        fix e all property/global coefficientRestitution peratomtypepair 3 {pairs_table(contacts.restitution)}
        fix mu all property/global coefficientFriction peratomtypepair 3 {pairs_table(contacts.friction)}
        pair_style gran {model}
        pair_coeff * *
        timestep {motion.time_step / MICRO:.17g}
        fix right all mesh/surface/stress file right.stl type {WALL_TYPE}
        fix meshes all wall/gran {model} mesh n_meshes 1 meshes right
        fix left all wall/gran {model} primitive type {WALL_TYPE} xplane {left:.17g}
        fix bottom all wall/gran {model} primitive type {WALL_TYPE} yplane {bottom:.17g}
        fix top all wall/gran {model} primitive type {WALL_TYPE} yplane {top:.17g}
        fix integrate all nve/sphere
        {f"fix move all move/mesh mesh right linear {-speed:.17g} 0. 0." if speed else ""}
        variable push equal f_right[1]
        fix push all print {motion.interval} "${{push}}" file push.txt screen no
        dump states all custom {motion.interval} states.dump id x y vx vy omegaz
        dump_modify states format "%d %.15g %.15g %.15g %.15g %.15g"
        thermo {motion.all_steps}
        run {motion.steps}
        {"unfix move" if speed and motion.hold_steps else ""}
        {f"run {motion.hold_steps}" if motion.hold_steps else ""}
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder / "data.txt", particles, np.asarray(walls))
        _write_wall(folder / "right.stl", right, bottom, top, depth(particles))
        (folder / "script.txt").write_text(script, encoding="utf-8")
        seconds = execute([executable(), "-in", "script.txt"], folder)
        push = (folder / "push.txt").read_text(encoding="utf-8").split()
        return Result(read_states(folder), FORCE * float(push[-1]), seconds)


def _write_wall(path: Path, x: float, bottom: float, top: float, depth: float) -> None:
    """One triangle in the plane `x` as STL: where the centres move (z = 0) it is higher than the box."""
    middle, height = (bottom + top) / 2, top - bottom
    corners = [(middle - 0.9 * height, -0.5), (middle + 0.9 * height, -0.5), (middle, 0.9)]
    vertices = [f"  vertex {x:.17g} {y:.17g} {depth * z:.17g}" for y, z in corners]
    lines = [
        "solid wall",
        "facet normal -1 0 0",
        " outer loop",
        *vertices,
        " endloop",
        "endfacet",
        "endsolid",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
