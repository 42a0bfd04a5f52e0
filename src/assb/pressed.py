"""One packing pressed in space, and what an ensemble reads off a section of it: truth beside prediction."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from analysis.figures import style
from analysis.figures.packing import chain_links, draw_chains, draw_spheres, frame_box, of_species
from analysis.images import classes, section_window
from analysis.press_dataset import sample_values
from analysis.sections import cut, random_sections
from assb.comparison import MOST_PACKINGS, Setting
from assb.conduction import sentences
from cnn.bundle import Bundle
from cnn.image import predict
from dem.parameters import read_pressing
from dem.press import press_packing
from dem.press_study import PackingCell, as_run, filled
from dem.trajectory import open_trajectory, write_structure
from electrode.species import AM, SE
from electrode.structures import PressedPacking, read_packings
from electrode.targets import LOG_CONDUCTIVITY
from provenance import FilePath, code_digest
from transport.measures import read_conductors, transport_values
from transport.network import network_of

Told = Callable[[int, int, str], object]


def settings(config: Mapping[str, Any]) -> dict[str, Setting]:
    """What can be chosen, within what the packings of a study span: there the ensemble has learnt."""
    grid, filling = config["grid"], config["structure"]
    shares, pressures = grid["am_volume_fractions"], grid["pressures_MPa"]
    least, most = filling["am_mean_diameter_um"]
    return {
        "am_volume_fraction": Setting(
            "AM share of the solids", min(shares), max(shares), 0.05, "", shares[len(shares) // 2]
        ),
        "pressure_mpa": Setting("Pressure", min(pressures), max(pressures), 25, "MPa", 200),
        "am_diameter_um": Setting("Mean AM diameter", least, most, 0.25, "µm", round((least + most) / 2, 2)),
        "packing": Setting("Random packing, number", 1, MOST_PACKINGS, 1, "", 1),
    }


class Pressed(NamedTuple):
    """A packing under pressure, and what the ensemble says of a section of it."""

    packing: PressedPacking  # at rest
    image: np.ndarray  # of the section, row 0 at the bottom
    orientation: str  # of the section to the press
    result: xr.Dataset  # from `cnn.predict`, with the ``truth`` of the packing
    conduction: list[str]  # in words


def press_one(
    config: Mapping[str, Any],
    am_volume_fraction: float,
    am_diameter_um: float,
    pressure_mpa: float,
    replicate: int,
    told: Told = lambda stage, of, text: None,
    let_go_to_mpa: float | None = None,
) -> PressedPacking:
    """Press one packing of a setting, through the pressures below it, as a study does.

    Parameters
    ----------
    config
        Configuration of a study in space, such as ``config/spatial.yaml``.
    am_volume_fraction
        Share of AM in the volume of the solids [-].
    am_diameter_um
        Mean of the distribution of AM diameters [um].
    pressure_mpa
        That it comes to [MPa].
    replicate
        Number of the packing.
    told
        Told, after each pressure, how many are reached, of how many, and a sentence.
    let_go_to_mpa
        Pressure that it is let back to [MPa]; None: it still bears the pressure.

    Raises
    ------
    ValueError, RuntimeError
        If the box cannot be filled, or does not come to rest.
    """
    let_go = let_go_to_mpa is not None
    compression = {
        **config["compression"],
        "frames": 1,
        "unload_to_MPa": [let_go_to_mpa] if let_go else [],
        "unload_from_MPa": [pressure_mpa] if let_go else [],
    }
    config = {
        **config,
        "structure": {**config["structure"], "am_mean_diameter_um": [am_diameter_um] * 2},
        "compression": compression,
    }
    below = [pressure for pressure in config["grid"]["pressures_MPa"] if pressure < pressure_mpa]
    pressures = [1e6 * pressure for pressure in (*below, pressure_mpa)]
    parameters = read_pressing(config)
    share = round(am_volume_fraction, 4)
    name = PackingCell(share, tuple(pressures)).packing_name(replicate)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "packing.h5"
        packing, drawn = filled(parameters, share, replicate)
        stages = press_packing(
            packing, parameters.materials, parameters.contacts, parameters.compression, pressures
        )
        with open_trajectory(path, config, code_digest("assb.pressed")) as file:
            for count, stage in enumerate(stages, 1):
                sample = stage.samples[-1]
                told(count, len(pressures), f"At rest under {stage.samples[0].pressure / 1e6:g} MPa.")
            write_structure(file, as_run(packing, drawn, name, sample))
        (pressed,) = read_packings(path)
    return pressed


def press_and_cut(
    config: Mapping[str, Any],
    chosen: Mapping[str, float],
    model: Bundle,
    told: Told = lambda stage, of, text: None,
) -> Pressed:
    """Press a packing, cut it, and read the section.

    Parameters
    ----------
    config
        Configuration of a study in space, such as ``config/spatial.yaml``.
    chosen
        Numbers for `settings`.
    model
        Ensemble for packings, from `cnn.bundle.read_bundle`.
    told
        Of `press_one`.

    Raises
    ------
    ValueError, RuntimeError
        If the box cannot be filled, does not come to rest, or the section does not fit into it.
    """
    # Packings of the study were learnt from.
    replicate = config["grid"]["replicates"] - 1 + round(chosen["packing"])
    setting = chosen["am_volume_fraction"], chosen["am_diameter_um"], chosen["pressure_mpa"]
    pressed = press_one(config, *setting, replicate, told)
    window = section_window(config["sections"])
    side, margin = window.columns * window.pixel, config["sections"]["margin_um"] / 1e6
    section = next(random_sections(pressed, 1, side, margin, replicate))
    image = classes(pressed.species, cut(pressed, section, window))
    # Row 0 of our images is the bottom one, that of pictures the top one.
    result = predict(image[::-1], config["sections"]["um_per_pixel"], model=model, anyway=True)
    conductors = read_conductors(config["transport"])
    network = network_of(pressed)
    known = sample_values(pressed) | transport_values(network, conductors)
    relative = known["ionic_conductivity_relative"]
    known[LOG_CONDUCTIVITY] = np.log10(relative) if relative > 0 else np.nan
    truth = xr.DataArray([float(known[target]) for target in model.targets], {"target": model.targets})
    conduction = sentences(network, conductors, {SE: True, AM: True})
    return Pressed(pressed, image, section.orientation, result.assign(truth=truth), conduction)


def save_pressed(pressed: Pressed, output: FilePath) -> None:
    """Draw the packing under its pressure, the chains that bear it, and the section that was read.

    Parameters
    ----------
    pressed
        From `press_and_cut`.
    output
        PNG or PDF to write.
    """
    packing = pressed.packing
    colours = of_species(packing)
    with style.in_style():
        figure = style.new_figure(11, 5)
        block, chains, section = figure.subplots(1, 3)
        draw_spheres(block, packing, -1, colours)
        draw_spheres(chains, packing, -1, 0.75 + 0.25 * colours, packing.species == AM)
        if chain_links(packing)[1].size:
            lines = draw_chains(chains, packing)
            bar = figure.colorbar(lines, ax=chains, location="bottom", shrink=0.7, format="%g")
            bar.set_label("normal force [mN], where above the mean")
        frame_box([block, chains], packing)
        pressure = packing.drawn["pressure_Pa"] / 1e6
        block.set_title(f"{packing.radius.size} spheres under {pressure:g} MPa")
        chains.set_title("force chains, AM behind them")
        style.show_phases(section, pressed.image)
        side = 1e-6 * len(pressed.image) * float(pressed.result.attrs["um_per_pixel"])
        section.set_title(f"a section {pressed.orientation} the press, {1e6 * side:g} µm a side")
        style.save_figure(figure, [output])
