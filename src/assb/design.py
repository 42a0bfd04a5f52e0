"""A setting that is proposed from the samples of a study in space, and packings pressed to check it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from analysis.design import Design, Setting, read_samples
from analysis.design.process import Predicted
from analysis.design.proposal import Proposal, check_quantity, parse_constraint, propose
from analysis.design.samples import QUANTITIES, open_conduction, quantities_of
from analysis.design.settings import described
from analysis.press_dataset import sample_values
from assb.names import short
from dem.configuration_file import read_configuration
from electrode.species import SE
from provenance import FilePath
from provenance.command import readable
from transport.measures import read_conductors, transport_values
from transport.network import network_of


class Proposed(NamedTuple):
    """What is proposed, and from what."""

    design: Design
    proposal: Proposal


def propose_setting(
    dataset: FilePath,
    maximise: str,
    constraints: Sequence[str] = (),
    probability: float = 0.5,
    let_go: bool = False,
    done: Callable[[str], object] = lambda name: None,
) -> Proposed:
    """The setting of which a quantity is largest, out of the samples of a study.

    Parameters
    ----------
    dataset
        Of a study in space.
    maximise
        One of `analysis.design.samples.QUANTITIES`.
    constraints
        Such as ``am_utilisation >= 0.9``.
    probability
        With which a packing must meet each of them.
    let_go
        After the press has let go, instead of under load.
    done
        Called with the name of each quantity when its process is fitted.

    Raises
    ------
    ValueError
        If something is unknown or malformed, the samples are too few, or no setting meets the constraints.
    """
    check_quantity(maximise)
    bounds = [parse_constraint(text) for text in constraints]
    design = Design(read_samples(dataset, let_go), done=done)
    return Proposed(design, propose(design, maximise, bounds, probability))


def sentences(proposed: Proposed) -> list[str]:
    """The proposal for readers: setting, quantities with their intervals, what it rests on."""
    design, proposal = proposed.design, proposed.proposal
    lines = [f"{described(proposal.setting)}{_state(design)}:"]
    for name, predicted in proposal.predicted.items():
        told, unit = _told(name, *predicted.interval, *predicted.mean_interval, predicted.value)
        low, high, mean_low, mean_high, value = told
        lines.append(
            f"  {name:24} {value:>7} {unit:6} a packing [{low}, {high}], their mean [{mean_low}, {mean_high}]"
        )
    lines += [
        f"  {bound}: met by {100 * chance:.0f} % of packings" for bound, chance in proposal.chances.items()
    ]
    without, of = design.not_percolating(proposal.setting)
    if without:
        lines.append(
            f"  of the {of} samples nearest to it {without} do not percolate: their ionic conductivity is 0, "
            "and its prediction is of the others"
        )
    packings = np.unique(design.samples.packing).size
    lines += [
        f"From {design.samples.packing.size} samples of {packings} packings, and only between them; of the "
        "materials, friction, SE size",
        "and box of their study. Intervals are of 90 %; no electrode that was made has been asked.",
    ]
    return lines


def _state(design: Design) -> str:
    back = design.samples.let_go_to
    return " under load" if back is None else f", let go to {back / 1e6:g} MPa"


def _told(name: str, *values: np.ndarray) -> tuple[list[str], str]:
    """Numbers of one setting in their shown unit."""
    unit = QUANTITIES[name].row.display
    return [short(unit.factor * float(np.squeeze(value))) for value in values], unit.symbol


class Checked(NamedTuple):
    """A quantity of the packings that were pressed, beside its prediction."""

    simulated: list[float]  # of each packing [SI]
    within: list[bool]  # whether it lies within the interval


def read_transport(path: FilePath) -> dict[str, Any]:
    """Section ``transport`` of a study's configuration, which its dataset does not keep.

    Raises
    ------
    OSError, ValueError
        If the file cannot be read, lacks the section, as those do that hold only what differs from another,
        or a part of it, or has values that are refused.
    """
    file = read_configuration(path)
    section = file.values.get("transport")
    if not isinstance(section, Mapping):
        raise ValueError(
            f"{readable(path)} has no section transport, which a check needs whole: name the configuration "
            "that the study has it from, such as config/spatial.yaml"
        )
    with file.named():
        read_conductors(section)
    return dict(section)


def study_of(dataset: FilePath, transport: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration that packings of a dataset were pressed with, as far as one packing needs it.

    Parameters
    ----------
    dataset
        Of a study in space.
    transport
        Section ``transport`` of its configuration, which datasets do not keep.

    Raises
    ------
    ValueError
        If conduction was not measured; if packings were pressed with several configurations, or with another
        conductivity of SE.
    """
    given = read_conductors(transport)[SE].conductivity
    opened = open_conduction(dataset)
    kept = np.atleast_1d(opened.attrs["trajectory_provenance"]).tolist()
    configurations = {json.loads(provenance)["config"] for provenance in kept}
    if len(configurations) > 1:
        raise ValueError(f"{readable(dataset)}: its packings were pressed with several configurations")
    relative = opened["ionic_conductivity_relative"].values
    dense = opened["ionic_conductivity"].values[relative > 0] / relative[relative > 0]
    if not np.allclose(dense, given):
        raise ValueError(
            f"transport.ionic_conductivity_mS_per_cm must be that of {readable(dataset)}, "
            f"{10 * dense[0]:g}, got {10 * given:g}: name its configuration"
        )
    grid = {
        "pressures_MPa": [float(f"{p / 1e6:g}") for p in np.unique(opened["pressure"])],
        "replicates": int(opened["replicate"].max()) + 1,
    }
    pressed_with = json.loads(configurations.pop())
    return {**pressed_with, "geometry": "spatial", "grid": grid, "transport": transport}


def press_proposed(
    config: Mapping[str, Any], setting: Setting, let_go_to: float | None, packings: int
) -> Iterator[dict[str, float]]:
    """Press packings of a setting that the study does not have, and measure each.

    Parameters
    ----------
    config
        From `study_of`.
    setting
        What they are.
    let_go_to
        Pressure that they are let back to [Pa]; None: under load.
    packings
        How many.

    Yields
    ------
    dict
        `QUANTITIES` of a packing [SI].
    """
    # Numba, which only this needs.
    from assb.pressed import press_one

    conductors = read_conductors(config["transport"])
    share, diameter, pressure = setting
    diameter_um = float(f"{1e6 * diameter:.6g}")
    back = None if let_go_to is None else let_go_to / 1e6
    for replicate in range(config["grid"]["replicates"], config["grid"]["replicates"] + packings):
        pressed = press_one(config, share, diameter_um, pressure / 1e6, replicate, let_go_to_mpa=back)
        values = sample_values(pressed) | transport_values(network_of(pressed), conductors)
        yield {name: float(value) for name, value in quantities_of(values).items()}


def compare(predicted: Mapping[str, Predicted], pressed: Sequence[Mapping[str, float]]) -> dict[str, Checked]:
    """Say of each quantity whether packings lie within its interval."""
    checked = {}
    for name, found in predicted.items():
        low, high = (float(end[0]) for end in found.interval)
        values = [packing[name] for packing in pressed]
        checked[name] = Checked(values, [low <= value <= high for value in values])
    return checked


def check_sentences(predicted: Mapping[str, Predicted], checked: Mapping[str, Checked]) -> list[str]:
    """Predicted beside simulated, for readers."""
    lines = []
    for name, (simulated, within) in checked.items():
        told, unit = _told(name, predicted[name].value, *predicted[name].interval)
        value, low, high = told
        each = ", ".join(_told(name, np.array(one))[0][0] for one in simulated)
        verdict = "within" if all(within) else f"{sum(within)} of {len(within)} within"
        expected = f"{value} {unit}".rstrip()
        lines.append(f"  {name:24} predicted {expected} [{low}, {high}], simulated {each}: {verdict}")
    return lines
