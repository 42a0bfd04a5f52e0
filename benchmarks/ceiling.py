"""What an image can tell at best: the targets from positions known to a pixel only.

    python benchmarks/ceiling.py

Needs the trajectories of `make study`. Centres at rest are rounded to a pixel, radii and materials are known,
the contact springs follow from the overlaps; R2 of the targets so computed, over all structures. The line
"exact" leaves the positions as they are.
"""

from pathlib import Path

import numpy as np
import yaml

from analysis.images import crop_window
from analysis.labels import target_values
from analysis.metrics import r2_score
from dem.compress import between_walls
from dem.measure.stress import contact_list, contact_pressure
from dem.parameters import read_parameters
from dem.structure import Structure
from electrode.structures import read_trajectories
from electrode.targets import TARGETS

ROOT = Path(__file__).resolve().parent.parent
PIXELS = (0.0, 0.025, 0.05, 0.1, 0.2)  # [um]


def recomputed(trajectory, pixel, parameters, window):
    """Targets from the final centres rounded to `pixel` [m]."""
    position = trajectory.position[-1]
    if pixel:
        position = (np.floor(position / pixel) + 0.5) * pixel
    _, right, _, top = trajectory.final_box
    structure = Structure(
        position[:, 0].copy(), position[:, 1].copy(), trajectory.radius, trajectory.species, right, top
    )
    system = between_walls(structure, parameters)
    contacts = contact_list(system)._asdict()
    seen = trajectory.__class__(
        **{
            **trajectory.__dict__,
            "contact_pressure": contact_pressure(system.stress, trajectory.radius)[None],
            "position": position[None],
            "contacts": contacts,
        }
    )
    return target_values(seen, window)


def main():
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    parameters = read_parameters(config)
    final = config["compression"]["final_width_um"], config["structure"]["box_height_um"]
    window = crop_window(*final, **config["image"])
    truth, recovered = [], {pixel: [] for pixel in PIXELS}
    for path in sorted((ROOT / "results/paper/trajectories").glob("*.h5")):
        for trajectory in read_trajectories(path):
            truth.append(target_values(trajectory, window))
            for pixel in PIXELS:
                recovered[pixel].append(recomputed(trajectory, pixel * 1e-6, parameters, window))
    truth = np.array(truth).T
    print(f"| centres known to | {' | '.join(TARGETS)} |")
    for pixel, values in recovered.items():
        r2 = r2_score(truth, np.array(values).T)
        print(f"| {f'{pixel:g} um' if pixel else 'exact'} | {' | '.join(f'{v:.3f}' for v in r2)} |")


if __name__ == "__main__":
    main()
