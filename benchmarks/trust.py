"""Does the default prediction mislead? Another seed, coarse pixels, bad lighting, pictures of other things.

    snakemake --cores all --configfile config/holdout.yaml -- results/holdout/dataset.nc
    snakemake --cores all --configfile config/robust.yaml -- results/robust/bundle
    python benchmarks/trust.py holdout [ENSEMBLE]
    python benchmarks/trust.py lighting [ENSEMBLE]
    python benchmarks/trust.py levels
    python benchmarks/trust.py negatives [ENSEMBLE]
    python benchmarks/trust.py like [ENSEMBLE]

ENSEMBLE is models/robust unless given.

`holdout`: R2 per target, share of the truths in their 90 % intervals and verdicts, of structures of another
seed as classes at 0.1 um, as classes and as gray values at 0.2 um. `lighting`: structures of that seed,
photographed at 0.05 um with uneven background, bright edges and charging: how many predictions are within
15 % of those of the same photograph without the defect for all targets, how many others are named, and how
many are neither. `levels`: sample images of models/spatial and models/paper, blurred and noisy, or charged so
that it is taken for phases: how many have gray levels that differ between places, by how flat these must be.
`negatives`: how many pictures of each kind are called unlike, of a seed that was not learnt from, with all
kinds learnt and with that kind held out; and the study's images with AM and SE swapped, a kind that is never
learnt. `like`: verdicts on the study's test images and their degraded copies.
"""

import sys
from pathlib import Path

import numpy as np
import xarray as xr

import cnn.lighting
from analysis.metrics import r2_score
from cnn import predict
from cnn.bundle import read_bundle
from cnn.composite import EDGE, LIKE, UNLIKE, make_composite, other_pictures, scores, verdict
from cnn.data import read_dataset
from cnn.degrade import degrade, photograph, readable
from cnn.light import run_ensemble
from cnn.negatives import KINDS
from cnn.particles import no_tables
from cnn.reference import distance
from cnn.segmentation import segment
from cnn.shape import shapes

ROOT = Path(__file__).resolve().parent.parent
HOLDOUT, ROBUST = ROOT / "results/holdout/dataset.nc", ROOT / "results/robust/dataset.nc"
WORDS = (LIKE, EDGE, UNLIKE)
SEED = 11
# Structures photographed per defect, and pictures per kind of negatives.
PHOTOGRAPHS, OF_EACH = 20, 40
# How far a prediction may be from that without the defect.
NEAR = 0.15
# Charging that has been taken for phases: share of the pixels.
TAKEN = 0.005
# Words of the notes that name a defect.
NAMES = ("uneven", "edges", "charg", "rim", "shadows", "separate")
DEFECTS = [
    *({"uneven": strength} for strength in (0.2, 0.4, 0.6, 0.8)),
    *({"edges": strength} for strength in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)),
    *({"charging": strength} for strength in (0.2, 0.4, 0.6, 0.8)),
]
DEGRADED = (
    {},
    {"blur": 0.1},
    {"blur": 0.2},
    {"noise": 0.1},
    {"noise": 0.2},
    {"pixel": 0.2},
    {"pixel": 0.25},
    {"blur": 0.1, "noise": 0.1},
)


def shares(words):
    """Of each verdict."""
    return [f"{np.mean([word == known for word in words]):.2f}" for known in WORDS]


def holdout(bundle):
    data = read_dataset(HOLDOUT)
    um_per_pixel, truth = float(data.attrs["um_per_pixel"]), data["label"].values
    rng = np.random.default_rng(SEED)
    print("images at", *data["target"].values, "inside", *data["target"].values, *WORDS, sep=" | ")
    for name, step, shown in (
        (f"{um_per_pixel:g} um", 1, lambda image: image),
        (f"{2 * um_per_pixel:g} um, classes", 2, lambda image: image[::2, ::2]),
        (
            f"{2 * um_per_pixel:g} um, gray",
            2,
            lambda image: photograph(image, um_per_pixel, rng, noise=0.03, pixel=2 * um_per_pixel),
        ),
    ):
        results = [
            predict(shown(image), step * um_per_pixel, model=bundle, heat=False, anyway=True)
            for image in data["image"].values
        ]
        value, low, high = (
            np.array([result[key].values for result in results]) for key in ("prediction", "low", "high")
        )
        inside = ((low <= truth) & (truth <= high)).mean(axis=0)
        words = [result.attrs["verdict"] for result in results]
        numbers = (f"{number:.3f}" for number in (*r2_score(truth.T, value.T), *inside))
        print(name, *numbers, *shares(words), sep=" | ", flush=True)


def lighting(bundle):
    data = read_dataset(HOLDOUT)
    fine = float(data.attrs["um_per_pixel"]) / 2
    chosen = np.random.default_rng(SEED).permutation(data.sizes["sample"])[:PHOTOGRAPHS]
    images = [image.repeat(2, axis=0).repeat(2, axis=1) for image in data["image"].values[chosen]]

    def predicted(image, k, **defects):
        photo = photograph(image, fine, np.random.default_rng([SEED, k]), noise=0.04, **defects)
        return predict(photo, fine, model=bundle, heat=False, anyway=True, gray=True)

    clean = [predicted(image, k) for k, image in enumerate(images)]
    falsely = np.mean([any(name in result.attrs["reasons"] for name in NAMES) for result in clean])
    print(f"without defect: {falsely:.2f} named all the same")
    print("defect | all targets within 15 % | others, named or unlike | others, not named | largest error")
    for defect in DEFECTS:
        near, named, errors = [], [], []
        for k, image in enumerate(images):
            result = predicted(image, k, **defect)
            error = np.abs(result["prediction"].values / clean[k]["prediction"].values - 1).max()
            errors.append(error)
            near.append(error <= NEAR)
            reasons = result.attrs["reasons"]
            named.append(result.attrs["verdict"] == UNLIKE or any(name in reasons for name in NAMES))
        near, named = np.array(near), np.array(named)
        numbers = (np.mean(near), np.mean(~near & named), np.mean(~near & ~named), max(errors))
        print(*defect.items(), *(f"{number:.2f}" for number in numbers), sep=" | ", flush=True)


def levels(_):
    flat = (0.05, 0.1, 0.15, 0.2, 0.3, np.inf)
    found = []

    def compared(values, parts, rough):
        for bound in flat:
            cnn.lighting.FLAT = bound
            found.append(levels_apart(values, parts, rough))
        return 0.0

    levels_apart, cnn.lighting.levels_apart = cnn.lighting.levels_apart, compared
    even = [
        {"blur": blur, "noise": noise}
        for blur in (0, 0.05, 0.1, 0.15, 0.2)
        for noise in (0, 0.02, 0.05, 0.1, 0.2)
    ]
    charged = [{"charging": strength, "noise": 0.04} for strength in (0.2, 0.4, 0.6, 0.8)]
    print("images | of | flat to", *flat, sep=" | ")
    for name in ("spatial", "paper"):
        um_per_pixel = read_bundle(ROOT / "models" / name).um_per_pixel
        samples = xr.open_dataset(ROOT / "models" / name / "samples.nc")
        for kind, defects in (("even", even[1:]), ("charged", charged)):
            apart = []
            for k, image in enumerate(samples["image"].values):
                for defect in defects:
                    found.clear()
                    photo = photograph(image, um_per_pixel, np.random.default_rng([SEED, k]), **defect)
                    try:
                        classes = segment(photo, um_per_pixel=um_per_pixel)
                    except ValueError:
                        continue
                    if "charging" not in defect or np.mean(classes != image) > TAKEN:
                        apart.append(list(found))
            named = np.mean(np.array(apart) > cnn.lighting.LEVELS_APART, axis=0)
            print(
                f"{name}, {kind}", len(apart), "", *(f"{share:.3f}" for share in named), sep=" | ", flush=True
            )


def measured(bundle, images):
    """Distances and shapes of images."""
    pooled = run_ensemble(bundle.networks, images, no_tables(images)).pooled
    return distance(bundle.reference, pooled), np.array(
        [shapes(image, bundle.um_per_pixel) for image in images]
    )


def negatives(bundle):
    data = read_dataset(ROBUST)
    part, shape = data["split"].values, bundle.networks[0].image_shape
    of_part = {name: data["image"].values[part == name] for name in ("train", "validation", "test")}
    learnt = np.array([shapes(image, bundle.um_per_pixel) for image in of_part["train"]])
    validation, test = (measured(bundle, of_part[name]) for name in ("validation", "test"))
    known = {kind: measured(bundle, other_pictures(shape, bundle.um_per_pixel, [kind])) for kind in KINDS}

    def unlike(composite, pictures):
        return np.mean([verdict(composite, score[None]) == UNLIKE for score in scores(composite, *pictures)])

    print("kind | unlike | unlike, held out | of the test images then")
    for kind in KINDS:
        new = measured(bundle, other_pictures(shape, bundle.um_per_pixel, [kind], OF_EACH, SEED))
        others = [known[other] for other in KINDS if other != kind]
        composite = make_composite(learnt, validation, tuple(map(np.concatenate, zip(*others, strict=True))))
        numbers = (unlike(bundle.composite, new), unlike(composite, new), unlike(composite, test))
        print(kind, *(f"{number:.3f}" for number in numbers), sep=" | ", flush=True)
    swapped = measured(bundle, np.array([0, 2, 1], np.uint8)[of_part["test"]])
    print("AM and SE swapped", f"{unlike(bundle.composite, swapped):.3f}", sep=" | ")


def like(bundle):
    data = read_dataset(ROOT / "results/paper/dataset.nc")
    images = data["image"].values[data["split"].values == "test"]
    print("test images | readable", *WORDS, sep=" | ")
    for defect in DEGRADED:
        words = []
        for k, image in enumerate(images):
            try:
                copy = degrade(image, bundle.um_per_pixel, np.random.default_rng([SEED, k]), **defect)
            except ValueError:
                continue
            if readable(image, copy):
                words.append(predict(copy, bundle.um_per_pixel, model=bundle, heat=False).attrs["verdict"])
        print(defect, f"{len(words) / len(images):.2f}", *shares(words), sep=" | ", flush=True)


if __name__ == "__main__":
    commands = {
        "holdout": holdout,
        "lighting": lighting,
        "levels": levels,
        "negatives": negatives,
        "like": like,
    }
    commands[sys.argv[1]](read_bundle(sys.argv[2] if len(sys.argv) > 2 else ROOT / "models/robust"))
