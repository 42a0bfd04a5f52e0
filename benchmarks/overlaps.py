"""How far past the range of a Hertz contact a study goes: deepest overlaps, centres beyond walls.

python benchmarks/overlaps.py results/paper/trajectories/*.h5
"""

import sys

import numpy as np

from electrode.structures import read_trajectories


def main(paths):
    deepest = {"SE-SE": [], "AM-SE": [], "AM-AM": []}
    beyond = []
    for path in paths:
        for trajectory in read_trajectories(path):
            position, radius = trajectory.position[-1], trajectory.radius
            kinds, j = trajectory.contact_pairs(), trajectory.contacts["j"]
            i = trajectory.contacts["i"]
            distance = np.linalg.norm(position[i] - position[np.maximum(j, 0)], axis=1)
            overlap = (radius[i] + radius[j] - distance) / (2 * np.minimum(radius[i], radius[j]))
            for kind, values in deepest.items():
                values.append(overlap[kinds == kind].max(initial=0))
            left, right, bottom, top = trajectory.final_box
            x, y = position.T
            beyond.append(np.max([left - x, x - right, bottom - y, y - top]))
    print(f"{len(beyond)} structures; deepest overlap / diameter of the smaller particle: median, largest")
    for kind, values in deepest.items():
        print(f"  {kind}: {np.median(values):.2f}, {max(values):.2f}")
    count, farthest = np.count_nonzero(np.array(beyond) > 0), 1e6 * max(beyond)
    print(f"a centre beyond a wall in {count} structures; farthest: {farthest:.2f} um")


if __name__ == "__main__":
    main(sys.argv[1:])
