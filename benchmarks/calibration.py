"""Densification of pure solid electrolyte under pressure, against the published curve of sulfide compacts.

    python benchmarks/calibration.py [--replicates 3] [--variants "c_area 0" ...]

A box of SE is pressed from 25 to 1000 MPa, state after state. Density is disc area / box area; beside it the
share of the box that is covered, which counts overlaps once. Discs in a plane jam near 0.84, spheres in space
near 0.64: compared is (density - jamming density) / (1 - jamming density). One constant of the law is changed
at a time; pressures that do not settle are left out. Writes benchmarks/calibration.csv, where other variants
stay, and docs/images/calibration.png.
"""

import argparse
import copy
import csv
import logging
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import yaml

from dem.compress import between_walls, largest_time_step
from dem.engine import run
from dem.measure.frames import snapshot
from dem.parameters import read_parameters
from dem.protocol.pace import Pace
from dem.protocol.pressure import Evenly, press
from dem.structure import Structure, fill_solid_electrolyte
from electrode.species import PAIRS, SE

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "benchmarks/calibration.csv"
PRESSURES = (25, 50, 100, 200, 400, 600, 1000)  # [MPa]
WIDTH, HEIGHT, START = 36e-6, 20e-6, 0.64  # box [m], share of it that solids cover at first
JAMMED, JAMMED_IN_SPACE = 0.84, 0.64
# Relative density of sulfide compacts, Sakuda (2013) and So (2021) as digitised by others, +-0.05.
PUBLISHED = {100: 0.72, 400: 0.90, 600: 1.0}
# What differs from the constants of So et al.: E 24 GPa, H 1.9 GPa, c_spring 5, c_area 2, friction 0.5.
VARIANTS = {
    "published": {},
    "elastic": {"law": "hertz_mindlin"},
    "friction 0": {"friction": 0.0},
    "hardness x 2": {"hardness_GPa": 3.8},
    "hardness / 2": {"hardness_GPa": 0.95},
    "c_spring 0": {"spring_growth": 0},
    # Stiffer by (1 + 15 x 0.6)^(3/2) = 32 at most, instead of 8: at the study's 0.08 the packing flies apart.
    "c_spring 15": {"spring_growth": 15, "time_step_rayleigh": 0.03},
    "c_area 0": {"area_growth": 0},
    "c_area 6": {"area_growth": 6},
    "E x 2, hardness x 2": {"youngs_modulus_GPa": 48, "hardness_GPa": 3.8},
}


def configured(variant):
    """Parameters with the published constants but for those of a variant."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    study = yaml.safe_load((ROOT / "config/elastoplastic.yaml").read_text(encoding="utf-8"))
    for species, values in study["materials"].items():
        config["materials"][species] |= values
    config["contacts"] |= study["contacts"]
    config["compression"] |= study["compression"] | {"final_width_um": 10, "hold_maximum_steps": 50_000}
    changes = dict(variant)
    config["contacts"]["law"] = changes.pop("law", config["contacts"]["law"])
    if "friction" in changes:
        config["contacts"]["friction"] = dict.fromkeys(PAIRS, changes.pop("friction"))
    config["compression"]["time_step_rayleigh"] = changes.pop(
        "time_step_rayleigh", config["compression"]["time_step_rayleigh"]
    )
    for name, value in changes.items():
        section = config["materials"]["SE"] if name.endswith("GPa") else config["contacts"]["elastoplastic"]
        section[name] = value
    return read_parameters(copy.deepcopy(config))


def loose(replicate):
    """A box of SE, thinned at random to the share of solids that a study starts with."""
    rng = np.random.default_rng(np.random.SeedSequence(20220301, spawn_key=(replicate,)))
    nothing = np.empty(0)
    x, y = fill_solid_electrolyte(rng, WIDTH, HEIGHT, 0.5e-6, 0.1e-6, nothing, nothing, nothing)
    kept = np.sort(rng.permutation(x.size)[: round(START * WIDTH * HEIGHT / (np.pi * 0.25e-12))])
    species = np.full(kept.size, SE, np.int8)
    return Structure(x[kept], y[kept], np.full(kept.size, 0.5e-6), species, WIDTH, HEIGHT)


def densities(parameters, replicate):
    """Disc area / box area and covered share of the box at each pressure [pressures, 2]."""
    structure = loose(replicate)
    system = between_walls(structure, parameters)
    protocol = parameters.compression
    longest = largest_time_step(structure, parameters.materials, protocol.time_step_rayleigh)
    pace = Pace.configured(longest, protocol)
    shares = []
    for pressure in PRESSURES:
        try:
            run(system, press(pressure * 1e6, parameters.materials["SE"], pace, protocol, Evenly(0)))
        except RuntimeError:
            shares += (len(PRESSURES) - len(shares)) * [(np.nan, np.nan)]
            break
        frame = snapshot(system, 0, 0.0)
        solid = np.pi * np.sum(structure.radius**2) / (frame.wall_position[1] * HEIGHT)
        shares.append((solid, 1 - frame.porosity))
    return np.array(shares)


def normalised(density, jammed):
    """Densification beyond jamming: 0 jammed, 1 without a pore."""
    return (density - jammed) / (1 - jammed)


def draw(rows):
    """Normalised densification against pressure: discs counted once and overlaps twice."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True, layout="constrained")
    for axis, column, title in zip(
        axes,
        ("density", "covered"),
        ("disc area / box area", "covered share of the box"),
        strict=True,
    ):
        for k, name in enumerate(VARIANTS):
            chosen = [row for row in rows if row["variant"] == name]
            pressure = [float(row["pressure_MPa"]) for row in chosen]
            value = np.array([float(row[column]) for row in chosen])
            style = {"color": "black", "linewidth": 2} if name == "published" else {"color": f"C{k}"}
            axis.plot(pressure, normalised(value, JAMMED), "o-", markersize=3, label=name, **style)
        axis.errorbar(
            list(PUBLISHED),
            normalised(np.array(list(PUBLISHED.values())), JAMMED_IN_SPACE),
            0.05 / (1 - JAMMED_IN_SPACE),
            fmt="D",
            color="black",
            markerfacecolor="white",
            zorder=5,
            label="compacts in space",
        )
        axis.set(xscale="log", xlabel="pressure [MPa]", title=title)
        axis.axhline(0, color="0.8", zorder=0)
    axes[0].set_ylabel("(density - jamming) / (1 - jamming)")
    axes[1].legend(fontsize=7)
    figure.savefig(ROOT / "docs/images/calibration.png", dpi=150)


def main():
    parser = argparse.ArgumentParser(description="Density of pure SE against pressure.")
    parser.add_argument("--replicates", type=int, default=3, help="packings per variant")
    parser.add_argument("--variants", nargs="*", choices=list(VARIANTS), default=list(VARIANTS))
    given = parser.parse_args()
    logging.getLogger("dem").setLevel(logging.ERROR)
    rows = []
    if TABLE.exists():
        with open(TABLE, encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["variant"] not in given.variants]
    for name in given.variants:
        parameters = configured(VARIANTS[name])
        shares = np.array([densities(parameters, k) for k in range(given.replicates)])
        for pressure, mean in zip(PRESSURES, shares.mean(axis=0), strict=True):
            rows.append(
                {
                    "variant": name,
                    "pressure_MPa": pressure,
                    "density": f"{mean[0]:.4f}",
                    "covered": f"{mean[1]:.4f}",
                    "replicates": given.replicates,
                }
            )
        with open(TABLE, "w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, list(rows[0]))
            table.writeheader()
            table.writerows(rows)
        line = " | ".join(f"{density:.3f} ({covered:.3f})" for density, covered in shares.mean(axis=0))
        print(f"| {name} | {line} |", flush=True)
    draw(rows)


if __name__ == "__main__":
    main()
