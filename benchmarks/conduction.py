"""Conduction: speed, against voxels, and beside experiments.

    python benchmarks/conduction.py speed
    python benchmarks/conduction.py lattices          # fits CROWDING and OWN of src/transport/resistance.py
    python benchmarks/conduction.py press FOLDER      # packings of six AM shares
    python benchmarks/conduction.py voxels FOLDER     # the same packings on voxels, beside networks
    python benchmarks/conduction.py packings FOLDER   # what docs/transport.md holds against experiments
    python benchmarks/conduction.py draw FOLDER conduction.png

`press` makes packings as config/spatial.yaml does, 11 um across, unless it is told another size, height or
friction. Tables go to benchmarks/conduction_*.csv. What is solved on voxels needs TauFactor (the extra
voxels): the union of the spheres of a phase, AM before SE, at three resolutions, extrapolated to none by a
straight line over the side of a voxel. Contacts of the network there have the area of the lens in which two
spheres meet, as voxels do, beside that of the law.
"""

import argparse
import csv
import dataclasses
import itertools
import time
from pathlib import Path

import numpy as np
import yaml
from scipy.optimize import least_squares
from scipy.spatial import cKDTree

from electrode.species import AM, NAMES, SE
from electrode.structures import read_packings
from transport.kirchhoff import conduct
from transport.network import COLLECTOR, SEPARATOR, ContactNetwork, network_of
from transport.resistance import CROWDING, OWN, conductances

ROOT = Path(__file__).resolve().parent.parent
SHARES = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7)
PRESSURES = (50, 100, 200, 400)  # [MPa]
# Voxels along the diameter of SE.
RESOLUTIONS = (6, 8, 12)
# AM share and pressure [MPa].
ON_VOXELS = {(0.0, 100), (0.0, 200), (0.0, 400), (0.3, 400), (0.5, 400), (0.7, 400)}
# Difference of the flux through the layers of voxels / flux, at which TauFactor stops.
CONVERGED = 0.005


def write(name, rows):
    """A table in benchmarks/."""
    path = ROOT / f"benchmarks/conduction_{name}.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    print(path)


# Packings.


def press(folder, packings, shares, se_um, height_um, friction):
    """Press packings as in config/spatial.yaml, but for a smaller box and what is given."""
    from dem.press_study import press_cell

    config = yaml.safe_load((ROOT / "config/spatial.yaml").read_text(encoding="utf-8"))
    config["structure"] |= {
        "box_width_um": 11,
        "box_height_um": height_um,
        "am_mean_diameter_um": [3, 4],
        "am_sd_diameter_um": [0.2, 0.4],
        "se_mean_diameter_um": se_um,
        "se_pitch_um": 0.2 * se_um,
    }
    config["compression"]["unload_from_MPa"] = [400]
    config["contacts"]["friction"] = dict.fromkeys(config["contacts"]["friction"], friction)
    for share in shares:
        press_cell(folder / f"am-{share:g}.h5", config, share, PRESSURES, range(packings), "benchmark")
        print(f"AM {share:g}", flush=True)


def samples(folder):
    """All samples of a folder, by AM share and name."""
    for path in sorted(folder.glob("*.h5")):
        yield from read_packings(path)


# Speed.


def cloud(number):
    """A network of about so many nodes of SE: a jittered grid with places left empty, unequal contacts."""
    rng = np.random.default_rng(1)
    edge = round((number / 0.8) ** (1 / 3))
    grid = np.stack(np.meshgrid(*[np.arange(edge)] * 3, indexing="ij"), -1).reshape(-1, 3) + 0.5
    place = (grid + rng.uniform(-0.25, 0.25, grid.shape))[rng.random(len(grid)) < 0.8]
    place[:, :2] %= edge
    # About seven contacts each, as in pressed packings.
    pairs = cKDTree(place, boxsize=[edge, edge, 0]).query_pairs(1.35, output_type="ndarray")
    low, high = np.flatnonzero(place[:, 2] < 0.6), np.flatnonzero(place[:, 2] > edge - 0.6)
    walls = np.repeat([SEPARATOR, COLLECTOR], [low.size, high.size])
    i = np.concatenate([pairs.max(axis=1), low, high])
    nodes = len(place)
    return ContactNetwork(
        species=np.full(nodes, SE),
        radius=np.full(nodes, 0.5e-6),
        depth=1e-6 * place[:, 2],
        share=np.full(nodes, 0.5 / nodes),
        i=i,
        j=np.concatenate([pairs.min(axis=1), walls]),
        area=1e-14 * rng.lognormal(0, 1, i.size),
        thickness=1e-6 * edge,
        cross_section=1e-12 * edge**2,
    )


def speed():
    """Seconds for the conduction of one phase, from contacts to conductivity."""
    for number in (2_000, 20_000, 200_000):
        network = cloud(number)
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            conduction = conduct(network, SE, conductances(network, SE, 1.0))
            seconds.append(time.perf_counter() - start)
        print(
            f"{network.species.size} nodes, {network.i.size} contacts: {np.median(seconds):.2f} s, "
            f"charge is conserved to {conduction.imbalance:.0e}"
        )


# Voxels.


def on_voxels(solid, periodic=True):
    """Relative conductivity of voxels along their first axis, by TauFactor."""
    import taufactor
    import torch

    torch.set_num_threads(1)
    kind = taufactor.PeriodicSolver if periodic else taufactor.Solver
    solver = kind(np.ascontiguousarray(solid).astype(np.uint8), device="cpu")
    solver.solve(verbose=False, conv_crit=CONVERGED)
    if not solver.converged:
        raise RuntimeError(f"TauFactor did not converge on voxels of the shape {solid.shape}")
    return float(np.ravel(solver.D_eff)[0])


def extrapolated(sides, values):
    """Value at voxels of side 0, and its standard error, of a straight line through the values."""
    design = np.column_stack([np.ones(len(sides)), sides])
    fit, *_ = np.linalg.lstsq(design, np.array(values), rcond=None)
    freedom = max(len(sides) - 2, 1)
    variance = np.sum((design @ fit - values) ** 2) / freedom
    return float(fit[0]), float(np.sqrt(variance * np.linalg.inv(design.T @ design)[0, 0]))


# Of cubes of edge 1: places, distance of neighbours, neighbours, and for small contacts the relative
# conductivity of the infinite lattice x distance / contact radius.
LATTICES = {
    "simple cubic": ([(0, 0, 0)], 1.0, 6, 2.0),
    "body centred": ([(0, 0, 0), (0.5, 0.5, 0.5)], np.sqrt(3) / 2, 8, 2 * np.sqrt(3)),
    "face centred": (
        [(0, 0, 0), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)],
        np.sqrt(0.5),
        12,
        4 * np.sqrt(2),
    ),
}


def octant(name, contact, voxels):
    """An eighth of the cube, which mirrors make the lattice of: solid voxels."""
    places, distance, _, _ = LATTICES[name]
    radius = distance / (2 * np.sqrt(1 - contact**2))
    x, y, z = np.meshgrid(*[(np.arange(voxels) + 0.5) / voxels / 2] * 3, indexing="ij")
    solid = np.zeros(x.shape, bool)
    for place, shift in itertools.product(places, itertools.product((-1, 0, 1), repeat=3)):
        a, b, c = np.add(place, shift)
        solid |= (x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2 <= radius**2
    return solid, radius


def by_contacts(name, contact):
    """Relative conductivity of a lattice from the resistance of its contacts, as networks have it."""
    _, distance, neighbours, small = LATTICES[name]
    _, radius = octant(name, contact, 2)
    # Two spheres with as many contacts as each has in the lattice.
    bond = ContactNetwork(
        species=np.full(2, SE),
        radius=np.ones(2),
        depth=np.zeros(2),
        share=np.zeros(2),
        i=np.ones(neighbours, int),
        j=np.zeros(neighbours, int),
        area=np.full(neighbours, np.pi * contact**2),
        thickness=1.0,
        cross_section=1.0,
    )
    smaller = conductances(bond, SE, 1.0)[0] / conductances(bond, SE, 1.0, crowding=False)[0]
    return small * contact * radius / distance * smaller


def rms(values):
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


def lattices():
    """Fit what crowding adds to the resistance of contacts, where necks do not meet each other."""
    rows = []
    for name, (_, distance, neighbours, small) in LATTICES.items():
        for contact in np.arange(0.15, 0.51, 0.05):
            sizes = (32, 48, 64, 80)
            values = [on_voxels(octant(name, contact, size)[0], periodic=False) for size in sizes]
            truth, error = extrapolated(1 / np.array(sizes), values)
            solid, radius = octant(name, contact, sizes[-1])
            factor = small * contact * radius / distance / truth
            rows.append(
                {
                    "lattice": name,
                    "neighbours": neighbours,
                    "contact_radius": round(contact, 2),
                    "solid": round(float(solid.mean()), 4),
                    "relative_conductivity": round(truth, 4),
                    "error": round(error, 4),
                    "factor": round(factor, 4),
                }
            )
            print(*rows[-1].values(), flush=True)
    contact, neighbours, factor = (
        np.array([row[key] for row in rows]) for key in ("contact_radius", "neighbours", "factor")
    )

    def miss(constants):
        return np.log((1 + constants[0] * (neighbours - constants[1]) * contact) / factor)

    fit = least_squares(miss, (CROWDING, OWN))
    off = np.expm1(fit.fun)
    print(f"CROWDING {fit.x[0]:.3f}, OWN {fit.x[1]:.2f}: off by {rms(off):.3f}, {abs(off).max():.3f} at most")
    naive = factor - 1
    print(f"without: off by {rms(naive):.3f}, {naive.max():.3f} at most")
    for row, part in zip(rows, off, strict=True):
        row["off"] = round(float(part), 4)
    write("lattices", rows)


def class_voxels(packing, side):
    """Classes of the voxels of a packing at rest between floor and piston, AM before SE [z, y, x]."""
    width, floor = packing.box[0], packing.wall_position[-1][0]
    # Even across: TauFactor parts voxels like a chess board, which must go on where the box repeats itself.
    across, upwards = 2 * round(width / side / 2), round(packing.height / side)
    step = np.array([packing.height / upwards, width / across, width / across])
    classes = np.zeros((upwards, across, across), np.uint8)
    for species in (SE, AM):
        chosen = packing.species == species
        position = packing.position[-1][chosen] - [0, 0, floor]
        for centre, radius in zip(position[:, ::-1], packing.radius[chosen], strict=True):
            first = np.ceil((centre - radius) / step - 0.5).astype(int)
            last = np.floor((centre + radius) / step - 0.5).astype(int) + 1
            first[0], last[0] = max(first[0], 0), min(last[0], upwards)
            index = [np.arange(*ends) for ends in zip(first, last, strict=True)]
            away = [((part + 0.5) * size - c) ** 2 for part, size, c in zip(index, step, centre, strict=True)]
            inside = away[0][:, None, None] + away[1][:, None] + away[2] <= radius**2
            place = np.ix_(index[0], index[1] % across, index[2] % across)
            classes[place] = np.where(inside, species, classes[place])
    return classes


def with_lenses(packing):
    """The network of a packing whose contacts have the area of the lens in which their spheres meet."""
    network = network_of(packing)
    i, j, overlap = network.i, network.j, packing.contacts["overlap"]
    own, wall = network.radius[i], network.j < 0
    other = np.where(wall, 1.0, network.radius[np.maximum(j, 0)])
    distance = np.where(wall, own - overlap, own + other - overlap)
    plane = np.where(wall, distance, (distance**2 + own**2 - other**2) / (2 * distance))
    area = np.pi * np.maximum(own**2 - plane**2, 0)
    return dataclasses.replace(network, area=np.where(network.area > 0, area, 0))


def voxels(folder):
    """Packings under load: voxels at each resolution, extrapolated, beside networks.

    Of pure SE at three pressures, of three composites at the highest.
    """
    rows = []
    for packing in samples(folder):
        drawn = packing.drawn
        pressure, share = round(drawn["pressure_Pa"] / 1e6), drawn["am_volume_fraction"]
        if "unloaded_to_Pa" in drawn or drawn["replicate"] or (share, pressure) not in ON_VOXELS:
            continue
        sides = 1e-6 / np.array(RESOLUTIONS)
        grids = [class_voxels(packing, side) for side in sides]
        network = with_lenses(packing)
        for species in (SE, AM):
            if not (packing.species == species).any():
                continue
            plain, crowded = (
                conduct(network, species, conductances(network, species, 1.0, crowding=crowding))
                for crowding in (False, True)
            )
            by_law = conduct(network_of(packing), species, conductances(network_of(packing), species, 1.0))
            row = {
                "sample": packing.name,
                "phase": NAMES[species],
                "solid_on_voxels": round(float((grids[-1] == species).mean()), 4),
            }
            if plain.percolates:
                values = [on_voxels(grid == species) for grid in grids]
                truth, error = extrapolated(sides, values)
                row |= {f"voxels_{n}": round(v, 4) for n, v in zip(RESOLUTIONS, values, strict=True)}
                row |= {"voxels": round(truth, 4), "error": round(error, 4)}
            else:
                # Not asked: spheres that do not touch may share the side of a voxel.
                row |= dict.fromkeys((*(f"voxels_{n}" for n in RESOLUTIONS), "voxels", "error"), "")
            # Between electrodes, as voxels are; then the middle, as datasets have it.
            row |= {
                "small_contacts": round(plain.with_electrodes, 4),
                "network": round(crowded.with_electrodes, 4),
                "law_network": round(by_law.with_electrodes, 4),
                "law_network_middle": round(by_law.conductivity, 4),
            }
            print(*row.values(), flush=True)
            rows.append(row)
    write("voxels", rows)


def packings(folder, table):
    """Conduction in every sample, with the contact areas of the law; fractions are of the middle."""
    rows = []
    for packing in samples(folder):
        network = network_of(packing)
        row = {"sample": packing.name, "relative_density": round(float(packing.relative_density[-1]), 4)}
        for species, name in ((SE, "se"), (AM, "am")):
            conduction = conduct(network, species, conductances(network, species, 1.0))
            row |= {
                f"{name}_volume_fraction": round(network.volume_fraction(species), 4),
                f"{name}_conductivity": float(f"{conduction.conductivity:.4g}"),
                f"{name}_with_electrodes": float(f"{conduction.with_electrodes:.4g}"),
            }
        rows.append(row)
        print(*row.values(), flush=True)
    write(table, rows)


def draw(folder, output):
    """The figure of a study in space, of the packings of a folder."""
    import tempfile

    from analysis.figures.conduction import save
    from analysis.press_dataset import build_dataset
    from transport.study import write_transport

    config = yaml.safe_load((ROOT / "config/spatial.yaml").read_text(encoding="utf-8"))
    paths = sorted(folder.glob("*.h5"))
    with tempfile.TemporaryDirectory() as name:
        transport, dataset = Path(name, "transport.nc"), Path(name, "dataset.nc")
        write_transport(paths, transport, config["transport"], "benchmark", "benchmark")
        build_dataset(paths, dataset, config["split"], 1, "benchmark", "benchmark", transport)
        save(dataset, [output])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("press", "voxels", "packings", "draw"):
        command = commands.add_parser(name)
        command.add_argument("folder", type=Path)
        if name == "draw":
            command.add_argument("output", type=Path)
        if name == "packings":
            command.add_argument("--table", default="packings", help="name of the table")
        if name == "press":
            command.add_argument("--packings", type=int, default=2)
            command.add_argument("--shares", type=float, nargs="+", default=SHARES)
            command.add_argument("--se-um", type=float, default=1)
            command.add_argument("--height-um", type=float, default=30, help="before pressing")
            command.add_argument("--friction", type=float, default=0)
    for name in ("speed", "lattices"):
        commands.add_parser(name)
    arguments = vars(parser.parse_args())
    globals()[arguments.pop("command")](**arguments)


if __name__ == "__main__":
    main()
