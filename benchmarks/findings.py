"""Numbers of docs/findings.md, and of "Where it looks" in docs/cnn.md, from a finished study.

    make study
    python benchmarks/findings.py [STUDY]

STUDY is `paper` unless given.
"""

import sys
from pathlib import Path

import numpy as np
import xarray as xr
from scipy.stats import norm, spearmanr

from analysis.figures.reaction_area import fit_trend

ROOT = Path(__file__).resolve().parent.parent
# At so many standard deviations of a Gaussian the tail of the stress on SE is told.
TAIL = 2.3


def reaction_area(dataset, predictions):
    """How the area changes with AM diameter and AM share, width by width."""
    area = 1e12 * dataset["label"].sel(target="reaction_area").values
    predicted = 1e12 * predictions["prediction"].sel(target="reaction_area").values
    diameter, share = 1e6 * dataset["am_mean_diameter"].values, 100 * dataset["am_solid_fraction"].values
    print(
        "width [um]  mean area  per um: DEM, CNN, CNN - DEM  per percent: DEM, CNN  log: per um, per percent"
    )
    for width in np.unique(dataset["width"].values):
        chosen = dataset["width"].values == width
        known = diameter[chosen], share[chosen]
        parts = area[chosen], predicted[chosen], (predicted - area)[chosen], 100 * np.log(area[chosen])
        dem, cnn, difference, relative = (fit_trend(*known, values) for values in parts)

        def told(trend, which):
            return f"{trend.slope[which]:.2f} ± {trend.half_interval[which]:.2f}"

        of_diameter = [told(trend, 0) for trend in (dem, cnn, difference)]
        of_share = [told(trend, 1) for trend in (dem, cnn)]
        of_both = [told(relative, which) for which in (0, 1)]
        print(f"{1e6 * width:g}  {area[chosen].mean():.1f}", *of_diameter, *of_share, *of_both, sep="  ")


def stress(response):
    """How far the stress on particles is from a Gaussian, and how little of AM is touched."""
    for phase in response["phase"].values:
        skewness = response["stress_skewness"].sel(phase=phase).values
        low, middle, high = np.quantile(skewness, [0.05, 0.5, 0.95])
        skewed = f"above 0 in {np.mean(skewness > 0):.2f}"
        print(f"{phase}: skewness {middle:.2f} ({low:.2f} to {high:.2f}), {skewed}")
    quantile = response["stress_quantile"].sel(phase="SE")
    levels = quantile["level"].values
    middle = 0.5 * (quantile.values[:, 1:] + quantile.values[:, :-1])
    mean = middle.mean(axis=1)
    spread = np.sqrt(np.mean((middle - mean[:, None]) ** 2, axis=1))
    at = np.array([np.interp(norm.cdf(TAIL), levels, values) for values in quantile.values])
    print(f"SE at {TAIL} SD of a Gaussian: {np.median((at - mean) / spread):.2f} SD (median)")
    print(f"AM particles in an image: {np.median(response['particles'].sel(phase='AM').values):g} (median)")
    coverage = 100 * response["am_surface_coverage"].values[:, -1]
    low, middle, high = np.quantile(coverage, [0.05, 0.5, 0.95])
    print(f"AM surface in contact with SE: {middle:.2f} % ({low:.2f} to {high:.2f})")


def intervals(predictions):
    """Do intervals hold, and do they widen where errors do: rank correlations on the test part."""
    test = predictions["split"].values == "test"
    truth, mean, low, high = (
        predictions[name].values[test] for name in ("truth", "prediction", "low", "high")
    )
    for k, target in enumerate(predictions["target"].values):
        inside = np.mean((low[:, k] <= truth[:, k]) & (truth[:, k] <= high[:, k]))
        rank = spearmanr(np.abs(mean - truth)[:, k], (high - low)[:, k])
        print(f"{target}: inside {inside:.2f}, rank correlation {rank.statistic:.2f} (p {rank.pvalue:.2g})")


def heat(gradcam):
    """Where Grad-CAM maps are warm: shares of the heat, and of the same networks with random weights."""
    for name in ("zone_area", "zone_heat", "zone_heat_random", "random_correlation"):
        if name in gradcam:
            values = gradcam[name]
            kept = [dimension for dimension in values.dims if dimension in ("target", "zone")]
            print(name, values.mean([d for d in values.dims if d not in kept]).values.round(2).tolist())


def main():
    folder = ROOT / "results" / (sys.argv[1] if len(sys.argv) > 1 else "paper")
    dataset, predictions, response, gradcam = (
        xr.open_dataset(folder / name)
        for name in ("dataset.nc", "predictions/random.nc", "response.nc", "gradcam.nc")
    )
    reaction_area(dataset, predictions)
    stress(response)
    intervals(predictions)
    heat(gradcam)


if __name__ == "__main__":
    main()
