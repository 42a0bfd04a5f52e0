"""Every parameter of the DEM: frozen dataclasses in SI units, and the way from configuration to them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, get_type_hints

from dem.configured import (
    BadValue,
    Bounds,
    Names,
    check_fields,
    check_keys,
    check_value,
    keys_of,
    read_section,
    require,
)
from dem.laws import LAWS, Law
from electrode.species import PAIRS

# Sections of a configuration that decide how a structure comes out.
SECTIONS = ("seed", "structure", "materials", "contacts", "compression")


@dataclass(frozen=True)
class Material:
    """Isotropic material of a particle, elastic up to its hardness."""

    youngs_modulus: Annotated[float, Bounds("GPa", above=0, most=10_000)]  # [Pa]
    poissons_ratio: Annotated[float, Bounds(above=-1, below=0.5)]  # [-]
    density: Annotated[float, Bounds("kg_per_m3", above=0, most=30_000)]  # [kg/m^3]
    # [Pa], for a law under which contacts yield.
    hardness: Annotated[float | None, Bounds("GPa", above=0)] = None

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def shear_modulus(self) -> float:
        """Shear modulus E / (2 (1 + nu)) [Pa]."""
        return self.youngs_modulus / (2 * (1 + self.poissons_ratio))


@dataclass(frozen=True)
class Contacts:
    """Contact law and its constants per pair of species (``"AM-SE"``, ``"SE-wall"``, ...)."""

    law: Annotated[str, Names(LAWS)]
    # Coulomb coefficient [-].
    friction: Annotated[Mapping[str, float], Bounds(least=0, most=10), Names(PAIRS)]
    # Coefficient of normal restitution [-].
    restitution: Annotated[Mapping[str, float], Bounds(above=0, most=1), Names(PAIRS)]
    own: Mapping[str, Any] = field(default_factory=dict)  # of laws that have parameters of their own, by law

    def __post_init__(self) -> None:
        check_fields(self)
        require(
            LAWS[self.law].Parameters is None or self.law in self.own,
            self.law,
            f"given under the law {self.law}",
            None,
        )

    def law_of(self, materials: Mapping[str, Material]) -> Law:
        """The law, tabulated for materials by species."""
        return LAWS[self.law].of(materials, self.restitution, self.own.get(self.law))


def _check_am_diameters(filling: Filling | SpatialFilling) -> None:
    for name in ("am_mean_diameter", "am_sd_diameter"):
        low, high = getattr(filling, name)
        require(low <= high, name, "a range [low, high] with 0 <= low <= high, in m", (low, high))
    lowest = filling.am_mean_diameter[0]
    require(
        filling.am_minimum_diameter <= lowest,
        "am_minimum_diameter",
        f"in (0, lowest am_mean_diameter = {lowest:g} m]",
        filling.am_minimum_diameter,
    )


@dataclass(frozen=True)
class Filling:
    """How a structure is filled before compression."""

    box_height: Annotated[float, Bounds("um", above=0, most=10_000)]  # [m]
    # Ranges of mean and SD per structure [m].
    am_mean_diameter: Annotated[tuple[float, float], Bounds("um", least=0)]
    am_sd_diameter: Annotated[tuple[float, float], Bounds("um", least=0)]
    am_minimum_diameter: Annotated[float, Bounds("um", above=0)]  # truncation of the drawn diameters [m]
    se_diameter: Annotated[float, Bounds("um", above=0)]  # [m]
    se_pitch: Annotated[float, Bounds("um", above=0)]  # pitch of the raster of candidate SE centres [m]
    maximum_tries: Annotated[int, Bounds(least=1)]  # draws of an AM particle before a fresh start
    fresh_starts: Annotated[int, Bounds(least=1)]  # starts before giving up
    # Share of the box that solids cover: SE thinned to it [-]; None: all fit.
    solid_fraction: Annotated[float | None, Bounds(above=0, below=1)] = None

    def __post_init__(self) -> None:
        check_fields(self)
        _check_am_diameters(self)
        require(
            self.am_mean_diameter[1] < self.box_height,
            "am_mean_diameter",
            f"below box_height = {self.box_height:g} m",
            self.am_mean_diameter[1],
        )
        require(
            self.se_diameter <= self.box_height,
            "se_diameter",
            f"in (0, box_height = {self.box_height:g} m]",
            self.se_diameter,
        )
        require(
            self.se_pitch <= self.se_diameter,
            "se_pitch",
            f"in (0, se_diameter = {self.se_diameter:g} m]",
            self.se_pitch,
        )


@dataclass(frozen=True)
class SpatialFilling:
    """How a box is filled with spheres before it is pressed."""

    box_width: Annotated[float, Bounds("um", above=0, most=10_000)]  # across, along x and y [m]
    box_height: Annotated[float, Bounds("um", above=0, most=10_000)]  # [m]
    # Ranges of mean and SD per packing [m].
    am_mean_diameter: Annotated[tuple[float, float], Bounds("um", above=0)]
    am_sd_diameter: Annotated[tuple[float, float], Bounds("um", least=0)]
    am_minimum_diameter: Annotated[float, Bounds("um", above=0)]  # truncation of the drawn diameters [m]
    se_mean_diameter: Annotated[float, Bounds("um", above=0)]  # [m]
    se_pitch: Annotated[float, Bounds("um", above=0)]  # pitch of the raster of candidate SE centres [m]
    solid_fraction: Annotated[float, Bounds(above=0, below=1)]  # volume of the solids / box [-]
    maximum_tries: Annotated[int, Bounds(least=1)]  # draws of an AM particle before a fresh start
    fresh_starts: Annotated[int, Bounds(least=1)]  # starts before giving up
    se_sd_diameter: Annotated[float, Bounds("um", least=0)] = 0.0  # truncated at two of it [m]
    periodic: bool = True  # whether the box repeats itself across; else its sides are rigid, a die

    def __post_init__(self) -> None:
        check_fields(self)
        _check_am_diameters(self)
        require(
            4 * self.se_sd_diameter < self.se_mean_diameter,
            "se_sd_diameter",
            f"below a quarter of se_mean_diameter = {self.se_mean_diameter:g} m, truncated at two of it",
            self.se_sd_diameter,
        )
        require(
            self.se_pitch <= self.se_mean_diameter,
            "se_pitch",
            f"in (0, se_mean_diameter = {self.se_mean_diameter:g} m]",
            self.se_pitch,
        )
        share, times = (0.5, "half of") if self.periodic else (1.0, "at most")
        for name, largest in (
            ("am_mean_diameter", self.am_mean_diameter[1]),
            ("se_mean_diameter", self.se_mean_diameter),
        ):
            bound = min(share * self.box_width, self.box_height)
            require(
                largest <= bound,
                name,
                f"at most {bound:g} m, {times} box_width, and at most box_height",
                largest,
            )


@dataclass(frozen=True)
class Compression:
    """The right wall moves in to a width, or until it bears a pressure; then the structure comes to rest."""

    final_width: Annotated[
        float, Bounds("um", above=0, most=10_000)
    ]  # after compression; under pressure the narrowest allowed [m]
    wall_speed: Annotated[float, Bounds("m_per_s", above=0, most=100)]  # [m/s]
    # At 0.2 Rayleigh times strongly compressed structures do not even come to rest (docs/validation.md).
    time_step_rayleigh: Annotated[
        float, Bounds(above=0, most=0.2)
    ]  # time step / Rayleigh time of the smallest particle [-]
    # Most of time step / sqrt(mass / stiffness of its contacts) of a particle [-].
    time_step_contact: Annotated[float, Bounds(above=0, most=1)]
    # Rate at which motion decays while it comes to rest, per Rayleigh time [-].
    hold_damping_rayleigh: Annotated[float, Bounds(least=0, most=1)]
    # At rest: most net force on a particle / mean contact force, and of the walls / force on a wall [-].
    hold_unbalanced_force: Annotated[float, Bounds(above=0, below=1)]
    hold_energy_ratio: Annotated[float, Bounds(above=0, most=1)]  # and most kinetic / elastic energy [-]
    hold_maximum_steps: Annotated[int, Bounds(least=1)]  # error if the structure does not rest within these
    # Recorded states: before compression, while the wall moves, at rest, and unloaded if so.
    frames: Annotated[int, Bounds(least=3, most=10_000)]
    pressure_tolerance: Annotated[float, Bounds(above=0, below=1)] = (
        0.01  # a pressure is borne when found within this share of it [-]
    )
    servo_damping: Annotated[float, Bounds(above=0, most=1000)] = (
        1.0  # dashpot of the wall / acoustic impedance of the electrolyte [-]
    )
    unload: bool = False  # after a pressure, let the wall back until it bears nothing

    def __post_init__(self) -> None:
        check_fields(self)
        require(not self.unload or self.frames >= 4, "frames", ">= 4 with unload", self.frames)

    @property
    def unload_speed(self) -> float:
        """Most of the moving wall on its way back [m/s]."""
        return self.wall_speed

    @property
    def narrowest(self) -> float:
        """Where the moving wall stops at the latest [m]."""
        return self.final_width

    @property
    def way_ends(self) -> str:
        """Where that is, for messages."""
        return f"compression.final_width_um = {self.final_width * 1e6:g} um"


@dataclass(frozen=True)
class Pressing:
    """The piston comes down until it bears each of some pressures; then the packing comes to rest."""

    wall_speed: Annotated[float, Bounds("m_per_s", above=0, most=100)]  # of the piston [m/s]
    # As in `Compression`, all the others.
    time_step_rayleigh: Annotated[float, Bounds(above=0, most=0.2)]
    time_step_contact: Annotated[float, Bounds(above=0, most=1)]
    hold_damping_rayleigh: Annotated[float, Bounds(least=0, most=1)]
    hold_unbalanced_force: Annotated[float, Bounds(above=0, below=1)]
    hold_energy_ratio: Annotated[float, Bounds(above=0, most=1)]
    hold_maximum_steps: Annotated[int, Bounds(least=1)]
    pressure_tolerance: Annotated[float, Bounds(above=0, below=1)] = 0.01
    servo_damping: Annotated[float, Bounds(above=0, most=1000)] = 1.0
    # States recorded on the way to each pressure, the last at rest; before the first also the filled box.
    frames: Annotated[int, Bounds(least=1, most=10_000)] = 1
    # A copy of a rested state is let back to those below it; 0: until the piston bears nothing [Pa].
    unload_to: Annotated[tuple[float, ...], Bounds("MPa", least=0, most=10_000)] = ()
    # Most of the piston on its way back [m/s]: faster than a packing follows, it tears (docs/validation.md).
    unload_speed: Annotated[float, Bounds("m_per_s", above=0, most=100)] = 4.0
    # Pressures whose rested states are [Pa]; none: all.
    unload_from: Annotated[tuple[float, ...], Bounds("MPa", above=0, most=10_000)] = ()

    def __post_init__(self) -> None:
        check_fields(self)
        require(
            bool(self.unload_to) or not self.unload_from,
            "unload_from",
            "empty without unload_to",
            self.unload_from,
        )

    def let_back_to(self, pressure: float) -> list[float]:
        """Pressures that a packing pressed to `pressure` is let back to [Pa]."""
        chosen = not self.unload_from or any(math.isclose(pressure, each) for each in self.unload_from)
        return [less for less in self.unload_to if less < pressure] if chosen else []

    @property
    def narrowest(self) -> float:
        """Where the piston stops at the latest [m]."""
        return 0.0

    @property
    def way_ends(self) -> str:
        """Where that is, for messages."""
        return "the floor"


@dataclass(frozen=True)
class SimulationParameters:
    """Everything that decides how a structure of given width and uncovered fraction comes out."""

    seed: Annotated[int, Bounds(least=0)]
    structure: Filling
    materials: Mapping[str, Material]
    contacts: Contacts
    compression: Compression


@dataclass(frozen=True)
class PressingParameters:
    """Everything that decides how a packing of given AM share comes out under its pressures."""

    seed: Annotated[int, Bounds(least=0)]
    structure: SpatialFilling
    materials: Mapping[str, Material]
    contacts: Contacts
    compression: Pressing


# By `geometry` in the configuration.
PARAMETERS: dict[str, type[Any]] = {"planar": SimulationParameters, "spatial": PressingParameters}


def geometry_of(config: Mapping[str, Any]) -> str:
    """Geometry of a configuration: the plane where it says nothing.

    Raises
    ------
    ValueError
        If it is none of `PARAMETERS`.
    """
    geometry = (config or {}).get("geometry", "planar")
    if not isinstance(geometry, str) or geometry not in PARAMETERS:
        raise BadValue(f"geometry must be {' or '.join(PARAMETERS)}, got {geometry!r:.60}", "geometry")
    return geometry


def read_parameters(config: Mapping[str, Any]) -> SimulationParameters:
    """Read the `SECTIONS` of a configuration in the plane, see `_read`."""
    return _read(config, "planar")


def read_pressing(config: Mapping[str, Any]) -> PressingParameters:
    """Read the `SECTIONS` of a configuration in space, see `_read`."""
    return _read(config, "spatial")


def _read(config: Mapping[str, Any], geometry: str) -> Any:
    """Read the `SECTIONS` of a configuration.

    Parameters
    ----------
    config
        Keys carry their unit (``se_diameter_um``, ``youngs_modulus_GPa``); other sections are ignored.

    Raises
    ------
    ValueError
        Naming the key, the bound and the value received.
    """
    if (given := geometry_of(config)) != geometry:
        raise BadValue(f"geometry must be {geometry} for this step, got {given}", "geometry")
    if missing := [name for name in SECTIONS if name not in (config or {})]:
        why = "a whole one is needed, not only what differs from another" if config else "it is empty"
        raise BadValue(f"configuration lacks the sections {', '.join(missing)}; {why}")
    kind = PARAMETERS[geometry]
    kinds = get_type_hints(kind)
    (_, seed), *_ = keys_of(kind).values()
    for name in SECTIONS:
        check_value(name, config[name], seed if name == "seed" else Mapping[str, Any])
    section = dict(config["contacts"])
    others = [name for name, law in LAWS.items() if law.Parameters is not None]
    own = {
        name: read_section(law.Parameters, section.pop(name), f"contacts.{name}")
        for name, law in LAWS.items()
        if law.Parameters is not None and name in section
    }
    species = ("AM", "SE")
    check_keys(config["materials"], "materials", species)
    if missing := [name for name in species if name not in config["materials"]]:
        raise BadValue(f"missing configuration key materials.{missing[0]}", "materials")
    materials = {
        name: read_section(Material, config["materials"][name], f"materials.{name}") for name in species
    }
    parameters = kind(
        seed=config["seed"],
        structure=read_section(kinds["structure"], config["structure"], "structure"),
        materials=materials,
        contacts=read_section(Contacts, section, "contacts", others, own=own),
        compression=read_section(kinds["compression"], config["compression"], "compression"),
    )
    parameters.contacts.law_of(materials)  # complains about what the law lacks
    return parameters
