"""Whether structures at rest are at rest, and whether damping the way there changes where they end.

    python benchmarks/rest.py balance results/demo/trajectories/*.h5
    python benchmarks/rest.py damping [--structures 10] [--jobs 2]
    python benchmarks/rest.py steps [--structures 8] [--jobs 2]

`balance` reads what a study recorded: the force left over on AM particles / the sum of their normal forces
(worst AM particle of each structure), the net force of the walls / that on the moving wall, and the largest
tangential force / Coulomb limit of contacts that bear at least a thousandth of the mean force.

`damping` compresses the same packings under both laws, to a width and to a pressure, with motion at the end
damped and undamped, and, for the scatter of rearrangement, damped behind a wall 2 % slower. It prints
differences of the targets: root mean square over the structures and mean with its standard error, in percent
of the mean; and the steps of the hold. Written to benchmarks/rest.csv.

`steps` compresses the most strongly compressed packings (55 um, 0.53) with several bounds on time step x
frequency of the contacts and counts those that come to rest within 20,000 steps, and the steps it takes.
"""

import argparse
import copy
import csv
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import yaml

from analysis.images import crop_window
from analysis.labels import target_values
from dem.study import compress_cell
from electrode.species import AM
from electrode.structures import read_trajectories
from electrode.targets import TARGETS
from electrode.trajectory import MOVING

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "benchmarks/rest.csv"
FRICTION = 0.5  # of all contacts in the configurations here
OUTWARD = np.array([[-1, 0], [1, 0], [0, -1], [0, 1]])
# Law and protocol: overlay, cell.
CASES = {
    "elastic, to a width": ("", {}, (52, 0.63, None)),
    "elastic, to 200 MPa": ("", {}, (52, 0.63, 200)),
    "elasto-plastic, to a width": ("elastoplastic", {"final_width_um": 46}, (70, 0.68, None)),
    "elasto-plastic, to 200 MPa": ("elastoplastic", {}, (70, 0.68, 200)),
}
UNDAMPED, SLOWER = "undamped", "damped, wall 2 % slower"
VARIANTS = {
    "damped": {},
    UNDAMPED: {"hold_damping_rayleigh": 0, "hold_maximum_steps": 2_000_000},
    SLOWER: {"wall_speed_m_per_s": 3.92},
}


BOUNDS = (1.0, 0.9, 0.8, 0.6, 0.4)


def left_over(trajectory):
    """Worst AM particle, net force of the walls and largest share of the Coulomb limit of one structure."""
    contacts, centre = trajectory.contacts, trajectory.position[-1]
    i, j = contacts["i"], contacts["j"]
    wall = j < 0
    normal = np.where(wall[:, None], OUTWARD[np.where(wall, -1 - j, 0)], centre[np.maximum(j, 0)] - centre[i])
    normal = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    tangent = np.stack([-normal[:, 1], normal[:, 0]], axis=-1)
    along, across = contacts["normal_force"], contacts["tangential_force"]
    force = along[:, None] * normal + across[:, None] * tangent
    net, borne = np.zeros_like(centre), np.zeros(len(centre))
    np.add.at(net, i, -force)
    np.add.at(net, j[~wall], force[~wall])
    np.add.at(borne, i, along)
    np.add.at(borne, j[~wall], along[~wall])
    am = (trajectory.species == AM) & (borne > 0)
    bears = along > 1e-3 * along.mean()
    return (
        (np.linalg.norm(net[am], axis=1) / borne[am]).max(),
        np.linalg.norm(net.sum(axis=0)) / trajectory.wall_force[-1, MOVING],
        (np.abs(across[bears]) / (FRICTION * along[bears])).max(),
    )


def balance(paths):
    """Print what is left over in all structures of trajectory files."""
    values = np.array([left_over(each) for path in paths for each in read_trajectories(path)])
    print(f"{len(values)} structures: median, largest")
    names = (
        "force left on AM / its normal forces",
        "net force of walls / wall force",
        "share of Coulomb limit",
    )
    for name, column in zip(names, values.T, strict=True):
        print(f"| {name} | {np.median(column):.2g} | {column.max():.3g} |")
    beyond = np.count_nonzero(values[:, 2] > 1.01)
    print(f"{beyond} structures have contacts above the Coulomb limit by more than 1 %")


def compressed(case, changed, replicate):
    """Targets of one packing [targets], and the steps of its way and its hold."""
    overlay, changes, (width, uncovered_fraction, pressure) = case
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    if overlay:
        over = yaml.safe_load((ROOT / f"config/{overlay}.yaml").read_text(encoding="utf-8"))
        for species, values in over["materials"].items():
            config["materials"][species] |= values
        for section in ("structure", "contacts", "compression"):
            config[section] |= over[section]
    config = copy.deepcopy(config)
    config["compression"] |= changes | changed
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.h5"
        compress_cell(path, config, width, uncovered_fraction, [replicate], "rest", 1, pressure)
        (trajectory,) = read_trajectories(path)
        with h5py.File(path) as file:
            way, end = file[f"observables/{trajectory.name}/step"][-2:].tolist()
    _, _, bottom, top = trajectory.final_box
    window = crop_window(trajectory.final_width, (top - bottom) * 1e6, **config["image"])
    return np.array(target_values(trajectory, window)), way, end - way


def damping(structures, jobs):
    """Print and write differences of targets between ends."""
    rows = []
    with ProcessPoolExecutor(jobs) as pool:
        for case in CASES:
            ends = {}
            for variant in VARIANTS:
                job = partial(compressed, CASES[case], VARIANTS[variant])
                outcome = list(pool.map(job, range(structures)))
                ends[variant] = np.array([targets for targets, _, _ in outcome])
                if "width" in case:
                    held = [steps for _, _, steps in outcome]
                    print(f"{case}, {variant}: hold of {min(held)} to {max(held)} steps", flush=True)
            for variant in (UNDAMPED, SLOWER):
                change = 100 * (ends[variant] - ends["damped"]) / ends["damped"].mean(axis=0)
                row = {"case": case, "against damped": variant, "structures": structures}
                for target, column in zip(TARGETS, change.T, strict=True):
                    row[target] = f"{np.sqrt(np.mean(column**2)):.2f}"
                    error = column.std(ddof=1) / np.sqrt(structures)
                    row[f"{target}_mean"] = f"{column.mean():.2f} ± {error:.2f}"
                rows.append(row)
                print("| " + " | ".join(map(str, row.values())) + " |", flush=True)
    with open(TABLE, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def steps_taken(bound, replicate):
    """Steps of way and hold of one of the most strongly compressed packings, None if it does not rest."""
    changed = {"time_step_contact": bound, "hold_maximum_steps": 20_000}
    try:
        return compressed(("", {}, (55, 0.53, None)), changed, replicate)[1:]
    except RuntimeError as error:
        if "no rest after" not in str(error):
            raise
        return None


def steps(structures, jobs):
    """Print how many packings come to rest under each bound, and in how many steps."""
    with ProcessPoolExecutor(jobs) as pool:
        for bound in BOUNDS:
            taken = list(pool.map(partial(steps_taken, bound), range(structures)))
            rested = np.array([each for each in taken if each is not None])
            way, held = rested.mean(axis=0)
            numbers = f"{len(rested)} of {structures} | {way:.0f} | {held:.0f}"
            print(f"| {bound} | {numbers} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description="Structures at rest.")
    questions = parser.add_subparsers(dest="question", required=True)
    questions.add_parser("balance").add_argument("trajectories", nargs="+", type=Path)
    for name, structures in (("damping", 10), ("steps", 8)):
        other = questions.add_parser(name)
        other.add_argument("--structures", type=int, default=structures, help="packings of each kind")
        other.add_argument("--jobs", type=int, default=2, help="packings at a time")
    given = parser.parse_args()
    if given.question == "balance":
        balance(given.trajectories)
    else:
        {"damping": damping, "steps": steps}[given.question](given.structures, given.jobs)


if __name__ == "__main__":
    main()
