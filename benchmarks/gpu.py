"""Speed of the GPU engine in space and in the plane, and its agreement with the CPU, in four minutes.

    python benchmarks/gpu.py

No arguments; needs NumPy, Numba and numba-cuda only, and the project need not be installed. Prints a table
and writes it to gpu.csv, where it is called. Dense states of AM and SE, 4:1 in size as in
config/spatial.yaml (in the plane 8:1), shrunk until all overlaps: four packings, copied. "Still": the piston,
or wall, stands; "pressed": it comes in at 16 m/s, and lists of neighbors are made anew on the way.
"""

import csv
import datetime
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))
# NumPy 2.5 is without it, which numba-cuda 0.30 asks for.
if "row_stack" not in vars(np):
    vars(np)["row_stack"] = np.vstack

from dem.compress import between_walls, largest_time_step  # noqa: E402
from dem.cuda.device import the_device  # noqa: E402
from dem.cuda.planar import LayeredSystem  # noqa: E402
from dem.cuda.spatial.batch import PackingBatch, bytes_of  # noqa: E402
from dem.engine import GEOMETRIES  # noqa: E402
from dem.filling.spatial import Packing, fill  # noqa: E402
from dem.laws.elastoplastic import Yielding  # noqa: E402
from dem.parameters import Contacts, Filling, Material, SpatialFilling  # noqa: E402
from dem.press import copy_of, under_piston  # noqa: E402
from dem.state import System  # noqa: E402
from dem.structure import Structure  # noqa: E402
from dem.structure import fill as fill_in_the_plane  # noqa: E402
from electrode.species import PAIRS  # noqa: E402

MATERIALS = {
    "AM": Material(199e9, 0.3, 5000.0, hardness=11.2e9),
    "SE": Material(24e9, 0.3, 2000.0, hardness=1.9e9),
}
OWN = {"elastoplastic": Yielding(5.0, 2.0, 0.6, 1e-9)}
PACKINGS = 4  # that there are: the others are copies
SHRINK, STAGES, RELAX, DAMPING = 0.97, 8, 200, 0.05
STEP = 0.1  # Rayleigh times
# By geometry: structures, width of the box before it shrinks [m], how often it is repeated along x and y.
CASES = {
    "space": [(528, 14e-6, 1), (132, 23.2e-6, 1), (132, 23.2e-6, 2)],
    "plane": [(528, 46e-6, 1), (132, 46e-6, 2), (132, 46e-6, 4)],
}
# Laws and coefficients of friction.
KINDS = {
    "space": [("hertz_mindlin", 0.0), ("elastoplastic", 0.0), ("hertz_mindlin", 0.5), ("elastoplastic", 0.5)],
    "plane": [("hertz_mindlin", 0.5), ("elastoplastic", 0.5)],
}
# Particle-steps of a measurement, and steps at least.
WORK, LEAST = 1e9, 50
BUDGET = 180  # seconds after which no further measurement begins
PISTON = {"still": 0.0, "pressed": -16.0}  # [m/s]
COLUMNS = (
    *(
        "date",
        "card",
        "geometry",
        "law",
        "friction",
        "piston",
        "structures",
        "particles",
        "pairs_per_particle",
        "steps",
    ),
    *("seconds", "particle_steps_per_second", "largest_difference_from_cpu"),
)


def contacts_under(law, friction):
    """Contacts of all pairs alike."""
    return Contacts(law, dict.fromkeys(PAIRS, friction), dict.fromkeys(PAIRS, 0.5), OWN)


def filled(geometry, width, seed):
    """A packing in space, or a structure in the plane, before it shrinks."""
    rng = np.random.default_rng(seed)
    if geometry == "plane":
        filling = Filling(40e-6, (8e-6, 8e-6), (1e-6, 1e-6), 3e-6, 1e-6, 0.1e-6, 5_000_000, 4)
        return fill_in_the_plane(filling, width, 0.63, rng)[0]
    filling = SpatialFilling(
        *(width, width, (4e-6, 4e-6), (0.2e-6, 0.2e-6), 3e-6, 1e-6, 0.2e-6, 0.42, 5_000_000, 4)
    )
    return fill(filling, 0.5, rng)[0]


def placed(packing, law, friction):
    """A packing under its piston, or a structure between its walls."""
    contacts = contacts_under(law, friction)
    if isinstance(packing, Structure):
        return between_walls(packing, SimpleNamespace(materials=MATERIALS, contacts=contacts))
    return under_piston(packing, MATERIALS, contacts)


def on_device(system):
    """A copy as a device has it."""
    copy = copy_of(system)
    return LayeredSystem(*copy).layer if isinstance(copy, System) else copy


def advance(system, time_step, steps, damping=0.0):
    """Advance a system on the CPU."""
    GEOMETRIES[type(system)].advance(system, time_step, steps, damping)


def dense(geometry, width, seed):
    """A packing shrunk with its box and relaxed, stage by stage."""
    packing = filled(geometry, width, seed)
    step = largest_time_step(packing, MATERIALS, STEP)
    places = ("x", "y") if geometry == "plane" else ("position",)
    for _ in range(STAGES):
        packing = packing._replace(
            **{name: SHRINK * getattr(packing, name) for name in (*places, "width", "height")}
        )
        system = placed(packing, "hertz_mindlin", 0.0)
        advance(system, step, RELAX, damping=DAMPING * STEP / step)
        packing = packing._replace(**{name: getattr(system.particles, name).copy() for name in places})
    return packing


def repeated(packing, times):
    """A packing so many times along x and y."""
    width = packing.width
    if isinstance(packing, Structure):
        i, j = (number.ravel()[:, None] for number in np.indices((times, times)))
        return packing._replace(
            x=(packing.x + width * i).ravel(),
            y=(packing.y + packing.height * j).ravel(),
            radius=np.tile(packing.radius, times**2),
            species=np.tile(packing.species, times**2),
            width=times * width,
            height=times * packing.height,
        )
    shifts = [(width * i, width * j, 0.0) for i in range(times) for j in range(times)]
    position = np.concatenate([packing.position % [width, width, np.inf] + shift for shift in shifts])
    radius, species = np.tile(packing.radius, times**2), np.tile(packing.species, times**2)
    return Packing(position, radius, species, times * width, packing.height, True)


def advanced(device, systems, steps, time_step):
    """Advance systems on a device; gives the seconds of its work alone."""
    batch = PackingBatch(device, systems)
    for s, system in enumerate(systems):
        batch.put(s, system)
    seconds = []
    # The first run compiles the kernels.
    for count in (1, steps):
        for s, system in enumerate(systems):
            batch.order(s, system, time_step, count, 1.0)
        start = time.perf_counter()
        batch.run()
        seconds.append(time.perf_counter() - start)
        # The others are the same ones again.
        for s in range(min(PACKINGS, len(systems))):
            if not batch.follow(s, systems[s]):
                raise RuntimeError("a dense state has collapsed")
    for s in range(min(PACKINGS, len(systems))):
        batch.take(s, systems[s])
    return seconds[-1]


def difference(device, packing, law, friction, steps):
    """Largest difference of net forces from those of the CPU / largest force, after so many steps."""
    known = placed(packing, law, friction)
    known.walls.velocity[1] = PISTON["pressed"]
    mine, time_step = on_device(known), largest_time_step(packing, MATERIALS, STEP)
    # Split as `advanced` splits it.
    advance(known, time_step, 1)
    advance(known, time_step, steps)
    advanced(device, [mine], steps, time_step)
    theirs = known.particles.force
    return float(np.abs(mine.particles.force[:, : theirs.shape[1]] - theirs).max() / np.abs(theirs).max())


def measure(device, packings, structures, law, friction, piston):
    """Speed of so many structures, a row of the table."""
    systems = [on_device(placed(packing, law, friction)) for packing in packings]
    for system in systems:
        system.walls.velocity[1] = PISTON[piston]
    fit = int(0.9 * device.free / max(bytes_of([system]) for system in systems))
    together = [systems[k % len(systems)] for k in range(min(structures, fit))]
    particles = sum(system.particles.mass.size for system in together)
    steps = max(LEAST, int(WORK / particles))
    seconds = advanced(device, together, steps, largest_time_step(packings[0], MATERIALS, STEP))
    return {
        "law": law,
        "friction": friction,
        "piston": piston,
        "structures": len(together),
        "particles": round(particles / len(together)),
        "pairs_per_particle": round(systems[0].pairs.first[-1] / systems[0].particles.mass.size, 2),
        "steps": steps,
        "seconds": round(seconds, 4),
        "particle_steps_per_second": f"{particles * steps / seconds:.4g}",
    }


def rows(device, geometry, has_time):
    """Measurements in space or in the plane, as long as there is time."""
    widths = {width for _, width, _ in CASES[geometry]}
    dense_states = {width: [dense(geometry, width, seed) for seed in range(PACKINGS)] for width in widths}
    for law, friction in KINDS[geometry]:
        if not has_time(f"{geometry}, {law}, friction {friction}"):
            continue
        agrees = difference(device, dense_states[min(widths)][0], law, friction, 99)
        for structures, width, times in CASES[geometry]:
            packings = dense_states[width]
            if times > 1:
                packings = [repeated(packing, times) for packing in packings]
            for piston in PISTON:
                what = (
                    f"{geometry}, {law}, friction {friction}, {packings[0].radius.size} particles, {piston}"
                )
                if has_time(what):
                    row = measure(device, packings, structures, law, friction, piston)
                    yield {"geometry": geometry, **row, "largest_difference_from_cpu": f"{agrees:.2g}"}


def main():
    """Measure all that there is time for."""
    begin = time.perf_counter()
    device = the_device()
    told = {"date": datetime.date.today().isoformat(), "card": device.name}

    def has_time(what):
        if time.perf_counter() - begin > BUDGET:
            print(f"{what}: no time left")
            return False
        return True

    print(" ".join(f"{name:>14.14}" for name in COLUMNS[2:]))
    with open("gpu.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        for geometry in CASES:
            for row in rows(device, geometry, has_time):
                table.writerow(told | row)
                file.flush()
                print(" ".join(f"{row[name]!s:>14.14}" for name in COLUMNS[2:]), flush=True)
    print(f"{time.perf_counter() - begin:.0f} s in all; written to gpu.csv")


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:
        sys.exit(f"error: {error}")
