"""LIGGGHTS on spheres in space, between floor and piston, periodic across or free."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dem.geometry.spatial import RADIUS, SPIN_X, SPIN_Z, VX, VZ
from dem.parameters import SimulationParameters
from dem.state import SpatialSystem
from peers import FORCE, MICRO, SKIN, WALL_TYPE, Motion, execute
from peers.liggghts import RIGID, executable, pairs_table

# Room around particles that no wall and no image holds [um].
MARGIN = 10.0


class SpatialResult(NamedTuple):
    """What LIGGGHTS made of the spheres, in the order they were given."""

    motion: np.ndarray  # place [m], velocity [m/s], spin [rad/s] [N, 9]
    piston_force: float  # [N]; NaN without a piston
    seconds: float  # of the stepping loop without output


def run(system: SpatialSystem, parameters: SimulationParameters, motion: Motion) -> SpatialResult:
    """Hertz with tangential history. Contacts start without history; the system is not changed.

    Its walls stand, but for the piston, which moves down. Where the box is not periodic there are no sides.
    """
    materials, contacts = parameters.materials, parameters.contacts
    moving = system.particles.motion
    length = system.box.length
    floor, piston = (float(place) / MICRO for place in system.walls.position[:2])
    model = "model hertz tangential history"
    moduli = f"{materials['SE'].youngs_modulus:.17g} {materials['AM'].youngs_modulus:.17g} {RIGID:.17g}"
    ratios = f"{materials['SE'].poissons_ratio:.17g} {materials['AM'].poissons_ratio:.17g} 0.0"
    periodic = length[0] > 0
    walls = (
        f"""fix top all mesh/surface/stress file top.stl type {WALL_TYPE}
        fix meshes all wall/gran {model} mesh n_meshes 1 meshes top
        fix bottom all wall/gran {model} primitive type {WALL_TYPE} zplane {floor:.17g}
        variable push equal f_top[3]
        fix push all print {motion.steps} "${{push}}" file push.txt screen no"""
        if periodic
        else ""
    )
    moves = f"fix move all move/mesh mesh top linear 0. 0. {-motion.wall_speed:.17g}"
    script = f"""
        units si
        atom_style granular
        boundary {"p p" if periodic else "f f"} f
        newton off
        communicate single vel yes
        hard_particles yes
        read_data data.txt
        neighbor {SKIN * 2 * moving[:, RADIUS].min() / MICRO:.17g} bin
        neigh_modify delay 0
        fix youngs all property/global youngsModulus peratomtype {moduli}
        fix poisson all property/global poissonsRatio peratomtype {ratios}
        fix e all property/global coefficientRestitution peratomtypepair 3 {pairs_table(contacts.restitution)}
        fix mu all property/global coefficientFriction peratomtypepair 3 {pairs_table(contacts.friction)}
        pair_style gran {model}
        pair_coeff * *
        timestep {motion.time_step / MICRO:.17g}
        {walls}
        fix integrate all nve/sphere
        {moves if periodic and motion.wall_speed else ""}
        dump states all custom {motion.steps} states.dump id x y z vx vy vz omegax omegay omegaz
        dump_modify states format "%d{9 * " %.15g"}"
        thermo {motion.steps}
        run {motion.steps}
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder / "data.txt", system, floor, piston)
        if periodic:
            _write_piston(folder / "top.stl", piston, length[0] / MICRO)
        (folder / "script.txt").write_text(script, encoding="utf-8")
        seconds = execute([executable(), "-in", "script.txt"], folder)
        table = (folder / "states.dump").read_text(encoding="utf-8").split("ITEM: ATOMS")[-1]
        rows = np.array([[float(word) for word in line.split()] for line in table.splitlines()[1:]])
        rows = rows[np.argsort(rows[:, 0]), 1:]
        rows[:, :3] *= MICRO
        rows[:, 6:] /= MICRO
        push = np.nan
        if periodic:
            push = FORCE * float((folder / "push.txt").read_text(encoding="utf-8").split()[-1])
        return SpatialResult(rows, push, seconds)


def write_data(path: Path, system: SpatialSystem, floor: float, piston: float) -> None:
    """Places, sizes and velocities as ``read_data`` wants them."""
    particles = system.particles
    motion, length = particles.motion, system.box.length / MICRO
    density = particles.mass / (4 / 3 * np.pi * motion[:, RADIUS] ** 3)
    place = motion[:, :3] / MICRO
    if length[0]:
        low, high = np.array([0, 0, floor - MARGIN]), np.array([*length[:2], piston + MARGIN])
    else:
        low, high = place.min(axis=0) - MARGIN, place.max(axis=0) + MARGIN
    lines = ["particles\n", f"{len(motion)} atoms\n{WALL_TYPE} atom types\n"]
    for axis, (first, last) in zip("xyz", zip(low, high, strict=True), strict=True):
        lines.append(f"{first:.17g} {last:.17g} {axis}lo {axis}hi")
    lines.append("\nAtoms\n")
    for k, (species, row, rho) in enumerate(zip(particles.species, motion, density, strict=True), 1):
        x, y, z = row[:3] / MICRO
        diameter = 2 * row[RADIUS] / MICRO
        lines.append(f"{k} {species} {diameter:.17g} {rho:.17g} {x:.17g} {y:.17g} {z:.17g}")
    lines.append("\nVelocities\n")
    for k, row in enumerate(motion, 1):
        velocity, spin = row[VX : VZ + 1], row[SPIN_X : SPIN_Z + 1] * MICRO
        lines.append(" ".join([str(k), *(f"{value:.17g}" for value in (*velocity, *spin))]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_piston(path: Path, height: float, width: float) -> None:
    """Two triangles at `height` as STL, which reach to the sides of the box."""
    corners = [(0.0, 0.0), (width, 0.0), (width, width), (0.0, width)]
    lines = ["solid piston"]
    for three in ((0, 2, 1), (0, 3, 2)):
        lines += ["facet normal 0 0 -1", " outer loop"]
        lines += [f"  vertex {corners[k][0]:.17g} {corners[k][1]:.17g} {height:.17g}" for k in three]
        lines += [" endloop", "endfacet"]
    path.write_text("\n".join([*lines, "endsolid"]) + "\n", encoding="utf-8")
