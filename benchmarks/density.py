"""Density of pure electrolyte and of composites in space against pressure, and how AM is covered.

    python benchmarks/density.py [--packings 5] [--width-um 10] [--height-um 15] [--am 0 0.3 0.5 0.7]
        [--friction 0 0.2 0.5] [--pressures-mpa 25 50 100 200 300 400 600] [--materials so_2021]
        [--law elastoplastic]

Packings are filled, pressed, at rest under each pressure, and let go from each. Constants
are those of config/materials but for friction, the same for all pairs; the law elastoplastic, the elastic one
where `--law hertz_mindlin` asks for it. Means and standard deviations over the packings go to
benchmarks/density.csv, where other settings stay. Published values come second-hand, digitised by others.
"""

import argparse
import csv
import dataclasses
import logging
from pathlib import Path

import numpy as np
import yaml

from dem.filling.spatial import fill, packing_seed
from dem.parameters import SpatialFilling, read_pressing
from dem.press import press_packing
from electrode.species import PAIRS

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "benchmarks/density.csv"
PRESSURES = (25, 50, 100, 200, 300, 400, 600)  # [MPa]
AM_DIAMETER = 4e-6
# Relative density of pure electrolyte [MPa]: So et al. (2021, 2022), Sakuda et al. (2013), 0.05 wide.
PUBLISHED = {100: "0.72", 200: "0.80", 300: "0.85-0.88", 400: "0.90-0.93", 600: "0.98-1.0"}
SETTINGS = ("materials", "law", "friction", "am", "box_width_um", "box_height_um")
KEYS = (*SETTINGS, "pressure_MPa", "unloaded")
MEASURES = ("relative_density", "solid_volume_fraction", "am_coverage", "coordination_se_se")


def parameters(materials, law, friction):
    """Materials and contacts of a preset but for friction."""
    config = yaml.safe_load((ROOT / "config/spatial.yaml").read_text(encoding="utf-8"))
    preset = (ROOT / f"config/materials/{materials}.yaml").read_text(encoding="utf-8")
    config["materials"] = yaml.safe_load(preset)["materials"]
    config["contacts"] |= {"law": law, "friction": dict.fromkeys(PAIRS, friction)}
    return read_pressing(config)


def pressed(packing, known, pressures):
    """Measures of a packing under each pressure, and let go from it: rows of `MEASURES` by pressure."""
    rows = {}
    protocol = dataclasses.replace(
        known.compression, time_step_rayleigh=0.1, unload_to=(0.0,), unload_from=()
    )
    for stage in press_packing(
        packing, known.materials, known.contacts, protocol, [1e6 * p for p in pressures]
    ):
        for sample in stage.samples:
            frame = sample.frame
            rows[round(sample.pressure / 1e6), sample.unloaded_to is not None] = (
                frame.relative_density,
                frame.solid_volume_fraction,
                frame.am_coverage,
                frame.coordination_number[0, 0],
            )
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--packings", type=int, default=5)
    parser.add_argument("--width-um", type=float, default=10.0)
    parser.add_argument("--height-um", type=float, default=15.0)
    parser.add_argument("--pressures-mpa", type=int, nargs="+", default=PRESSURES)
    parser.add_argument("--am", type=float, nargs="+", default=[0.0, 0.3, 0.5, 0.7])
    parser.add_argument("--friction", type=float, nargs="+", default=[0.0, 0.2, 0.5])
    parser.add_argument("--law", default="elastoplastic")
    parser.add_argument("--materials", default="so_2021")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    width = arguments.width_um * 1e-6
    filling = SpatialFilling(
        box_width=width,
        box_height=arguments.height_um * 1e-6,
        am_mean_diameter=(AM_DIAMETER, AM_DIAMETER),
        am_sd_diameter=(0.0, 0.0),
        am_minimum_diameter=AM_DIAMETER,
        se_mean_diameter=1e-6,
        se_pitch=0.2e-6,
        solid_fraction=0.42,
        maximum_tries=5_000_000,
        fresh_starts=4,
    )
    for friction in arguments.friction:
        known = parameters(arguments.materials, arguments.law, friction)
        for am in arguments.am:
            of_packings = []
            for replicate in range(arguments.packings):
                rng = np.random.default_rng(packing_seed(20220301, am, replicate))
                packing, _ = fill(filling, am, rng)
                of_packings.append(pressed(packing, known, arguments.pressures_mpa))
            box = f"{arguments.width_um:g}", f"{arguments.height_um:g}"
            keep((arguments.materials, arguments.law, f"{friction:g}", f"{am:g}", *box), of_packings)


def keep(settings, of_packings):
    """Write mean and SD over the packings to the table, in place of older rows of the same keys."""
    columns = [*KEYS, "packings", *(f"{name}_{of}" for name in MEASURES for of in ("mean", "sd"))]
    rows = []
    if TABLE.exists():
        with TABLE.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    again = {(*settings, str(pressure), str(int(unloaded))) for pressure, unloaded in of_packings[0]}
    rows = [row for row in rows if tuple(row[key] for key in KEYS) not in again]
    for pressure, unloaded in of_packings[0]:
        values = np.array([rows_of[pressure, unloaded] for rows_of in of_packings])
        keys = (*settings, pressure, int(unloaded))
        spread = values.std(axis=0, ddof=1) if len(values) > 1 else np.full(len(MEASURES), np.nan)
        numbers = [f"{x:.4f}" for pair in zip(values.mean(axis=0), spread, strict=True) for x in pair]
        rows.append(dict(zip(columns, [*keys, len(values), *numbers], strict=True)))
        print(*keys, *numbers, "" if unloaded else PUBLISHED.get(pressure, ""))
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()
