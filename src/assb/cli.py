"""The command ``assb``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from assb.repository import SHIPPED_ENSEMBLES, ensemble_folder, run_workflow
from assb.study_folder import LIKE, make_study_folder
from provenance.command import any_terminal, check_output, readable
from provenance.installation import extras_named, need
from provenance.repository import REPOSITORY

if TYPE_CHECKING:
    from assb.prediction import Predicted
    from assb.rendering import Rendering

# Imports of what a command needs are its own: `assb --help` and completion answer at once.
BAD_INPUT = 2


class AnyInstallation(click.Group):
    """Commands that print to terminals of any code page, their help too, and tell which extra they lack."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run a command."""
        any_terminal()
        return super().main(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command, with all that it imports."""
        with extras_named():
            return super().invoke(ctx)


@click.group(
    cls=AnyInstallation, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="solid-state-electrode", prog_name="assb")
def main() -> None:
    """Stress and reaction area of all-solid-state battery electrodes.

    \b
    Read them off an image of your own:
        assb predict electrode.png --um-per-pixel 0.05

    \b
    Do both on a page in the browser:
        assb serve

    \b
    Compress an electrode, see how it conducts:
        assb simulate --width-um 50 --uncovered-fraction 0.63
        assb transport electrode.h5

    \b
    Ask which electrode is best, and press it to check:
        assb design --maximise reachable_capacity --subject-to "ionic_conductivity >= 0.05" --check

    \b
    Begin a study of your own in a new folder, and there run it up to its report:
        assb study init mine
        assb report

    Exit status: 0, or 2 if any input was refused; the others are done all the same.

    Completion of the shell: eval "$(_ASSB_COMPLETE=bash_source assb)"; zsh_source or fish_source for these.
    """


def _phase_order(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    """Three phases, comma separated."""
    from cnn.segmentation import check_brightness

    names = tuple(value.split(","))
    try:
        check_brightness(names)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return names


DEFAULT_CONFIG = REPOSITORY / "config/config.yaml"
# Of every command that simulates.
_config = click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONFIG,
    show_default="config/config.yaml",
    help="Materials, sizes, protocol.",
)
# Of every command that predicts.
_model = click.option(
    "--model",
    type=click.Path(path_type=Path),
    default=SHIPPED_ENSEMBLES[0],
    show_default=True,
    help="Ensemble: robust (blurred, noisy or coarse images too), paper (sharp images as in the study), "
    "spatial (sections of spheres in space), or a folder of another (python -m cnn bundle).",
)


@main.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--um-per-pixel", type=float, help="Side of a pixel [µm]; needed where a file does not state it."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default="predictions.csv",
    show_default=True,
    help="Table.",
)
@click.option(
    "--figures/--no-figures",
    default=True,
    help="Draw each image in the folder OUTPUT without suffix; without figures it is several times as fast.",
)
@click.option(
    "--brightness",
    metavar="PHASE,PHASE,PHASE",
    callback=_phase_order,
    default="void,AM,SE",
    show_default=True,
    help="Phases from dark to bright; in back-scatter images AM is brightest: void,SE,AM.",
)
@click.option(
    "--thresholds", type=float, nargs=2, help="The two gray values between the phases, instead of Otsu's."
)
@click.option("--page", type=click.IntRange(min=1), help="Picture of a file that holds several, from 1.")
@click.option(
    "--anyway", is_flag=True, help="Give numbers also for images that are unlike the training images."
)
@_model
def predict(
    images: tuple[Path, ...],
    um_per_pixel: float | None,
    output: Path,
    figures: bool,
    brightness: tuple[str, ...],
    thresholds: tuple[float, float] | None,
    page: int | None,
    anyway: bool,
    model: Path,
) -> None:
    """Predict stress and reaction area of the electrodes in IMAGES (TIFF, PNG or JPEG).

    Gray values are parted into active material (AM), electrolyte (SE) and void; images of exactly three gray
    levels are taken as they are. Look at the segmented picture before you believe a number. An image must
    show at least 36 x 36 µm; larger ones are covered with windows of that size, and the table tells means
    over them: stress on particles [MPa], AM-SE contact area in a window [µm²], each with its 90 % interval.

    With --model spatial IMAGES are sections of one electrode, of 14.4 x 14.4 µm at least, and make one answer
    on the packing of spheres behind them (docs/sections.md).
    """
    from assb.picture import Acquisition
    from assb.prediction import predict_electrode, predict_files
    from cnn.bundle import read_bundle
    from cnn.scale import check_pixel

    folder = output.with_suffix("") if figures else None
    acquisition = Acquisition(um_per_pixel, brightness, thresholds or None, page, "--page")
    try:
        if um_per_pixel is not None:
            check_pixel(um_per_pixel)
        bundle = read_bundle(ensemble_folder(model))
        with click.progressbar(length=len(images), file=sys.stderr, label="predicting") as bar:
            asked = images, output, folder, bundle, acquisition, anyway, lambda _: bar.update(1)
            if bundle.of_packings:
                results, electrode = predict_electrode(*asked)
            else:
                results, electrode = predict_files(*asked), None
    except (OSError, ValueError) as error:
        _stop(str(error))
    if electrode is None:
        _tell(results)
    else:
        _tell_electrode(results, electrode)
    refused = [result.shown is None for result in results]
    if not all(refused):
        click.echo(f"\n{readable(output)}" + (f"; figures in {readable(folder)}/" if folder else ""))
    if any(refused):
        sys.exit(BAD_INPUT)


def _tell(results: Sequence[Predicted]) -> None:
    """What became of each image."""
    from assb.rendering import summary

    for path, shown, problem in results:
        if shown is None:
            click.echo(f"error: {problem}", err=True)
        else:
            click.echo(f"{readable(path)}: {summary(shown)}")


def _tell_electrode(results: Sequence[Predicted], electrode: Rendering) -> None:
    """What became of each section, and what they say together."""
    from assb.rendering import summary

    for path, shown, problem in results:
        if shown is None:
            click.echo(f"error: {problem}", err=True)
        elif len(results) > 1:
            click.echo(f"{readable(path)}: {shown.verdict}; {shown.shares}")
    click.echo(
        f"{electrode.sections} section{'s' * (electrode.sections > 1)} of one electrode: {summary(electrode)}"
    )


@main.command()
@click.option("--width-um", type=float, required=True, help="Width before compression [µm], such as 50.")
@click.option(
    "--uncovered-fraction", type=float, required=True, help="Share of the box without AM, such as 0.63."
)
@click.option("--replicate", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed.")
@_config
@click.option("-o", "--output", type=click.Path(path_type=Path), default="electrode.h5", show_default=True)
def simulate(width_um: float, uncovered_fraction: float, replicate: int, config: Path, output: Path) -> None:
    """Fill a box with AM and SE, compress it by DEM, write its trajectory.

    The same structure as in a study of that configuration; OUTPUT is H5MD, explained in docs/data-formats.md.
    The first run compiles the kernels, which takes a minute.
    """
    from assb.configuration import read_settings
    from assb.simulation import simulate_electrode
    from electrode.trajectory import SUFFIXES

    try:
        check_output(output, [config], SUFFIXES)
        settings = read_settings(config)
        frames = settings["compression"]["frames"]
        with click.progressbar(length=frames, file=sys.stderr, label="compressing") as bar:
            run = simulate_electrode(
                settings, width_um, uncovered_fraction, replicate, output, lambda _: bar.update(1)
            )
    except (OSError, RuntimeError, ValueError) as error:
        _stop(str(error))
    click.echo(f"{run.particles} particles, {run.contacts.i.size} contacts: {readable(output)}")


@main.command()
@click.argument("trajectory", type=click.Path(path_type=Path))
@click.option("--ionic-ms-per-cm", type=float, help="Conductivity of dense SE [mS/cm]; else relative to it.")
@click.option(
    "--electronic-ms-per-cm", type=float, help="Conductivity of dense AM [mS/cm]; else relative to it."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    show_default="the name of TRAJECTORY with _current.png, here",
    help="Picture.",
)
def transport(
    trajectory: Path, ionic_ms_per_cm: float | None, electronic_ms_per_cm: float | None, output: Path | None
) -> None:
    """Tell how the electrodes in TRAJECTORY (HDF5) conduct, and draw the current through SE of one.

    From floor (separator) to piston (current collector); of electrodes in the plane from the left to the
    moving wall, for comparison among themselves only. Explained in docs/transport.md.
    """
    from assb.conduction import ENDING, check_picture, tell_file

    try:
        picture = check_picture(output or f"{trajectory.stem}{ENDING}")
        told = tell_file(trajectory, picture, ionic_ms_per_cm, electronic_ms_per_cm)
    except (OSError, ValueError) as error:
        _stop(str(error))
    for name, lines in told.items():
        click.echo("\n  ".join((f"{name}:", *lines)))
    click.echo(f"\n{readable(picture)}")


@main.command()
@click.option("--maximise", required=True, metavar="QUANTITY", help="What is to be as large as can be.")
@click.option(
    "--subject-to",
    "constraints",
    multiple=True,
    metavar="'QUANTITY >= VALUE'",
    help="What must be met, or <=; of settings too. May be given several times.",
)
@click.option(
    "--probability",
    type=float,
    default=0.5,
    show_default=True,
    help="With which a packing must meet each of them; 0.5: as expected, 0.95: surely.",
)
@click.option("--let-go", is_flag=True, help="After the press has let go, instead of under load.")
@click.option(
    "--dataset",
    type=click.Path(path_type=Path),
    default=REPOSITORY / "docs/spatial/dataset.nc",
    show_default="that of config/spatial.yaml",
    help="Samples: dataset.nc of a study in space.",
)
@click.option("--check", is_flag=True, help="Press packings of the proposed setting, and compare.")
@click.option(
    "--packings", type=click.IntRange(min=1), default=3, show_default=True, help="How many, with --check."
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=REPOSITORY / "config/spatial.yaml",
    show_default="config/spatial.yaml",
    help="Section transport of the study, for --check; how it presses the dataset tells.",
)
def design(
    maximise: str,
    constraints: tuple[str, ...],
    probability: float,
    let_go: bool,
    dataset: Path,
    check: bool,
    packings: int,
    config: Path,
) -> None:
    """Propose AM share, AM size and pressure of an electrode, out of the samples of a study in space.

    \b
    Quantities, with their units:
        specific_interface_area [1/µm]  of AM with SE, per volume
        ionic_conductivity [mS/cm]      through SE
        am_utilisation [1]              share of AM that ions and electrons reach
        relative_density [1]            volume of the spheres / of the electrode
        reachable_capacity [1]          share of the electrode that is AM which both reach
    \b
    Settings, for --subject-to:
        am_volume_fraction [1]          share of AM in the volume of the solids
        am_mean_diameter [µm]
        pressure [MPa]

    Gaussian processes tell what is expected between the samples, and how sure that is (docs/design.md).
    With --check packings of that setting are pressed, a minute or more each, and measured.
    """
    from analysis.design.samples import QUANTITIES
    from assb.design import (
        check_sentences,
        compare,
        press_proposed,
        propose_setting,
        read_transport,
        sentences,
        study_of,
    )

    try:
        study = study_of(dataset, read_transport(config)) if check else None
        with click.progressbar(length=len(QUANTITIES), file=sys.stderr, label="fitting") as bar:
            proposed = propose_setting(
                dataset, maximise, constraints, probability, let_go, lambda _: bar.update(1)
            )
        click.echo("\n".join(sentences(proposed)))
        if study:
            proposal, back = proposed.proposal, proposed.design.samples.let_go_to
            with click.progressbar(length=packings, file=sys.stderr, label="pressing") as bar:
                pressed = []
                for packing in press_proposed(study, proposal.setting, back, packings):
                    pressed.append(packing)
                    bar.update(1)
            compared = compare(proposal.predicted, pressed)
            click.echo("\n".join([f"{packings} pressed:", *check_sentences(proposal.predicted, compared)]))
    except (OSError, RuntimeError, ValueError) as error:
        _stop(str(error))


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: a free one.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Name or address of this machine to answer on. Whoever reaches another than this one may use the "
    "page: it asks no password.",
)
@_model
@_config
def serve(port: int, host: str, model: Path, config: Path) -> None:
    """Answer on a page in the browser: images to predict, electrodes to compress. Ctrl-C ends it.

    All is computed on this machine; nothing is kept and nothing sent elsewhere.
    """
    from assb import server
    from assb.configuration import read_pressing_settings, read_settings
    from cnn.bundle import read_bundle

    try:
        bundle, settings = read_bundle(ensemble_folder(model)), read_settings(config, ("grid", "image"))
        space = server.Space(read_bundle(ensemble_folder(Path("spatial"))), read_pressing_settings())

        def ready(address: str) -> None:
            click.echo(f"{address} (Ctrl-C ends it)")

        server.serve(bundle, settings, host, port, ready, space)
    except (OSError, ValueError) as error:
        _stop(str(error))


@main.group()
def study() -> None:
    """Studies in folders of their own."""


@study.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--like",
    type=click.Choice(list(LIKE)),
    default="demo",
    show_default=True,
    help="Study whose configuration is copied; spatial ones press spheres.",
)
def init(folder: Path, like: str) -> None:
    """Make FOLDER for a study: config.yaml, yours to edit, and a Snakefile that runs the installed workflow.

    The study is named as FOLDER is. Then, in that folder: `snakemake --cores all`, or `assb report`.
    """
    try:
        make_study_folder(folder, like)
    except (OSError, ValueError) as error:
        _stop(str(error))
    click.echo(f"{readable(folder)}: edit config.yaml, then there: assb report")


@main.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--configfile", multiple=True, type=click.Path(path_type=Path), help="Such as config/demo.yaml."
)
@click.option("--cores", default="all", show_default=True)
@click.argument("others", nargs=-1, type=click.UNPROCESSED)
def report(configfile: tuple[Path, ...], cores: str, others: tuple[str, ...]) -> None:
    """Run what a study lacks, up to its page report.html.

    That is the study of this folder (assb study init), elsewhere the one of --configfile, in the clone of the
    repository; without --configfile the paper's. OTHERS are handed to Snakemake, such as -n to see what
    would run. The exit status is the one of Snakemake.
    """
    need("snakemake")
    from dem.configuration_file import read_configuration

    try:
        # Snakemake does not tell which of them it is.
        for path in configfile:
            if not read_configuration(path).values:
                raise ValueError(f"{path}: the configuration is empty")
        status = run_workflow(configfile, cores, others)
    except (OSError, ValueError) as error:
        _stop(str(error))
    sys.exit(status)


def _stop(message: str) -> NoReturn:
    click.echo(f"error: {message}", err=True)
    sys.exit(BAD_INPUT)
