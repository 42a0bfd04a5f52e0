"""What several sections of one electrode say together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from cnn.bundle import Bundle
from cnn.composite import EDGE, LIKE, UNLIKE
from cnn.image import ADVICE, WITHHELD, of_electrode
from cnn.result import make_result
from cnn.several import disagreement


def combine(sections: Sequence[xr.Dataset], bundle: Bundle) -> xr.Dataset:
    """One answer of several sections of an electrode.

    Sections that the ensemble withholds its numbers of are left out, unless it does so of all. The verdict is
    that of the section least like the training images among those that count.

    Parameters
    ----------
    sections
        From `cnn.predict` with an ensemble for packings, one each.
    bundle
        That ensemble.

    Returns
    -------
    xarray.Dataset
        ``prediction``, ``low``, ``high``, ``between_windows``, ``score``, ``phase_fraction`` and ``distance``
        as of `cnn.predict`, of all sections; with them along ``section`` what each says alone:
        ``section_prediction`` (section, target), ``section_verdict``, ``section_fraction`` (section, phase).

    Raises
    ------
    ValueError
        If the ensemble is one for images in the plane, whose truths are of the image, or there is no section.
    """
    if not bundle.of_packings:
        raise ValueError("several images make one answer only of an ensemble for packings, such as spatial")
    if not sections:
        raise ValueError("at least one section is needed, got none")
    counted = [section for section in sections if not section.attrs["withheld"]]
    withheld = not counted
    used = counted or list(sections)
    members = np.concatenate([section["member_prediction"].values for section in used], axis=1)
    pixels = [section["class_image"].size for section in used]
    window = np.prod(bundle.networks[0].image_shape)
    shares = np.stack([section["phase_fraction"].values for section in used])
    values = of_electrode(members, sum(pixels) / window, bundle) | {
        "distance": np.concatenate([section["distance"].values for section in used]),
        "phase_fraction": np.average(shares, axis=0, weights=pixels),
    }
    verdicts = [section.attrs["verdict"] for section in used]
    word = next(word for word in (UNLIKE, EDGE, LIKE) if word in verdicts)
    left_out = len(sections) - len(used)
    reasons = [f"{left_out} of {len(sections)} sections left out: unlike the training images"] * bool(
        left_out
    )
    alone = np.stack([section["prediction"].values for section in used])
    if len(used) > 1 and (apart := disagreement(alone, bundle.readings)) > 1:
        reasons.append(
            f"its sections differ {apart:.1f} times as much as in 99 of 100 electrodes: are they of one?"
        )
    reasons += dict.fromkeys(filter(None, (section.attrs["reasons"] for section in used)))
    judged = {
        "verdict": word,
        "advice": WITHHELD if withheld else ADVICE[word],
        "reasons": "; ".join(reasons),
        "withheld": int(withheld),
        "sections": len(used),
    }
    corners = [(0, 0)] * members.shape[1]
    return make_result(values, judged, corners, bundle).assign(
        section_prediction=(
            ("section", "target"),
            np.stack([section["prediction"].values for section in sections]),
            {"units": "see target_units", "long_name": "what a section says alone"},
        ),
        section_verdict=("section", [section.attrs["verdict"] for section in sections]),
        section_fraction=(
            ("section", "phase"),
            np.stack([section["phase_fraction"].values for section in sections]),
            {"units": "1", "long_name": "share of the section"},
        ),
    )
