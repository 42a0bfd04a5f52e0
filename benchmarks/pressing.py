"""How much the choices of a study in space matter: packings pressed with other settings.

    python benchmarks/pressing.py [--settings wall_speed_m_per_s ...] [--packings 5] [--am 0.5]

Base is config/spatial.yaml with a box 12 um across and steps of 0.1 Rayleigh times. Each setting is pressed
to 25, 100, 400 and 600 MPa and let go: mean over the packings of density, AM coverage and stress, and by how
much it differs from the base, beside the standard error of that difference (packing by packing: before
pressing they are the same, but for other boxes). Rows go to benchmarks/pressing.csv, where other settings
stay. A choice passes where it moves a mean by less than 1 %, or by less than the scatter over the packings.
"""

import argparse
import csv
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import yaml

from dem.parameters import read_pressing
from dem.press import press_packing
from dem.press_study import filled

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "benchmarks/pressing.csv"
PRESSURES = (25, 100, 400, 600)  # [MPa]
# What the others are held against, beside what config/spatial.yaml says.
BASE = {
    "structure": {"box_width_um": 12, "box_height_um": 16},
    "compression": {"time_step_rayleigh": 0.1, "unload_to_MPa": [0], "unload_from_MPa": [PRESSURES[-1]]},
}
# Other values than those of config/spatial.yaml, by key.
SETTINGS = {
    "wall_speed_m_per_s": ("compression", (2, 4, 8, 32)),
    "servo_damping": ("compression", (0.1, 1, 3)),
    "unload_speed_m_per_s": ("compression", (1, 2, 16)),
    "time_step_rayleigh": ("compression", (0.05, 0.15)),
    "time_step_contact": ("compression", (0.3,)),
    "hold_unbalanced_force": ("compression", (0.003, 0.03)),
    "hold_damping_rayleigh": ("compression", (0.02, 0.1)),
    "relaxation_time_ns": ("elastoplastic", (0.5, 2)),
    "solid_fraction": ("structure", (0.36, 0.45)),
    "box_width_um": ("structure", (10, 20, 30)),
    "box_height_um": ("structure", (24, 40, 64)),
}
# Of the samples under one pressure: the first bears it, the second has been let go.
MEASURES = {
    "relative_density": lambda samples, am: samples[0].frame.relative_density,
    "am_coverage": lambda samples, am: samples[0].frame.am_coverage,
    "am_stress_mean_MPa": lambda samples, am: 1e-6 * samples[0].frame.contact_pressure[am].mean(),
    "se_stress_mean_MPa": lambda samples, am: 1e-6 * samples[0].frame.contact_pressure[~am].mean(),
    "relative_density_let_go": lambda samples, am: (
        samples[1].frame.relative_density if samples[1:] else np.nan
    ),
    "am_coverage_let_go": lambda samples, am: samples[1].frame.am_coverage if samples[1:] else np.nan,
}


def configured(key=None, value=None):
    """The configuration with one key changed."""
    config = yaml.safe_load((ROOT / "config/spatial.yaml").read_text(encoding="utf-8"))
    for section, values in BASE.items():
        config[section] |= values
    if key is not None:
        section = SETTINGS[key][0]
        (config["contacts"] if section == "elastoplastic" else config)[section][key] = value
    return config


def pressed(job):
    """Measures of one packing under each pressure [pressures, measures], and the steps it took."""
    key, value, am_share, replicate = job
    parameters = read_pressing(configured(key, value))
    packing, _ = filled(parameters, am_share, replicate)
    am = packing.species == 2
    rows = []
    for stage in press_packing(
        packing,
        parameters.materials,
        parameters.contacts,
        parameters.compression,
        [1e6 * p for p in PRESSURES],
    ):
        rows.append([measure(stage.samples, am) for measure in MEASURES.values()])
    return np.array(rows), stage.step


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--settings", nargs="*", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--packings", type=int, default=5)
    parser.add_argument("--am", type=float, default=0.5)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    cases = [(None, None), *((key, value) for key in arguments.settings for value in SETTINGS[key][1])]
    jobs = [(*case, arguments.am, k) for case in cases for k in range(arguments.packings)]
    with Pool(arguments.processes) as pool:
        results = iter(pool.imap(pressed, jobs))
        by_case = {}
        for case in cases:
            by_case[case] = [next(results) for _ in range(arguments.packings)]
            rows = rows_of(case, by_case[case], by_case[None, None], arguments.am)
            keep(rows)
            for row in rows:
                print(*row.values(), flush=True)


def rows_of(case, results, base, am_share):
    """Rows of the table: one per pressure and measure."""
    key, value = case
    values, reference = (np.array([of for of, _ in each]) for each in (results, base))
    steps = int(np.mean([step for _, step in results]))
    rows = []
    for p, pressure in enumerate(PRESSURES):
        for m, measure in enumerate(MEASURES):
            mine, theirs = values[:, p, m], reference[:, p, m]
            if np.isnan(mine).any():  # let go from the last pressure only
                continue
            apart = mine / theirs - 1
            error = np.std(apart, ddof=1) / np.sqrt(apart.size)
            rows.append(
                {
                    "setting": key or "base",
                    "value": "" if value is None else value,
                    "am": am_share,
                    "pressure_MPa": pressure,
                    "measure": measure,
                    "packings": len(mine),
                    "mean": f"{mine.mean():.5g}",
                    "scatter_percent": f"{100 * np.std(mine, ddof=1) / mine.mean():.2f}",
                    "difference_percent": f"{100 * apart.mean():.2f}",
                    "standard_error_percent": f"{100 * error:.2f}",
                    "steps": steps,
                }
            )
    return rows


def keep(rows):
    """Write rows to the table, in place of older ones of their setting."""
    columns, new = list(rows[0]), tuple(str(rows[0][key]) for key in ("setting", "value", "am"))
    kept = []
    if TABLE.exists():
        with TABLE.open(encoding="utf-8", newline="") as file:
            kept = [r for r in csv.DictReader(file) if (r["setting"], r["value"], r["am"]) != new]
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows([*kept, *rows])


if __name__ == "__main__":
    main()
