"""Numbers that describe a class image without a network: shares, interfaces, chords, correlation."""

from __future__ import annotations

import numpy as np

from electrode.phases import PHASES

# Classes by their names in descriptors.
NUMBERS = {name.lower(): number for number, name in enumerate(PHASES)}
# Distances of the two-point correlation [pixels].
LAGS = (2, 5, 10, 20, 40)


def interface_density(image: np.ndarray, first: int, second: int) -> float:
    """Pixel edges between two phases / pixels."""
    edges = 0
    for here, beside in ((image[1:], image[:-1]), (image[:, 1:], image[:, :-1])):
        edges += int(np.count_nonzero((here == first) & (beside == second)))
        edges += int(np.count_nonzero((here == second) & (beside == first)))
    return edges / image.size


def mean_chord(phase: np.ndarray) -> float:
    """Mean length of the runs of a phase along the rows of a mask [pixels]; 0 without any."""
    starts = phase & ~np.pad(phase, ((0, 0), (1, 0)))[:, :-1]
    runs = np.count_nonzero(starts)
    return np.count_nonzero(phase) / runs if runs else 0.0


def two_point(phase: np.ndarray, lag: int) -> float:
    """Probability that two pixels `lag` apart along a row both belong to the phase."""
    return float(np.mean(phase[:, lag:] & phase[:, :-lag])) if lag < phase.shape[1] else 0.0


def describe(image: np.ndarray) -> dict[str, float]:
    """All descriptors of a class image; ``x`` is along the compression, ``y`` across it."""
    described = {f"{name}_share": float(np.mean(image == phase)) for name, phase in NUMBERS.items()}
    for first, second in (("am", "se"), ("am", "void"), ("se", "void")):
        described[f"{first}_{second}_interface"] = interface_density(image, NUMBERS[first], NUMBERS[second])
    for name, phase in NUMBERS.items():
        mask = image == phase
        for axis, turned in (("x", mask), ("y", mask.T)):
            described[f"{name}_chord_{axis}"] = mean_chord(turned)
            if name != "se":  # the three phases add up to one
                for lag in LAGS:
                    described[f"{name}_pair_{axis}_{lag}"] = two_point(turned, lag)
    return described
