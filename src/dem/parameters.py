"""Every parameter of the DEM: frozen dataclasses in SI units, and the way from configuration to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from dem.configured import BadValue, check_keys, check_type, check_types, read_section, require
from dem.laws import LAWS, Law
from electrode.species import PAIRS

# Sections of a configuration that decide how a structure comes out.
SECTIONS = ("seed", "structure", "materials", "contacts", "compression")


@dataclass(frozen=True)
class Material:
    """Isotropic material of a particle, elastic up to its hardness."""

    youngs_modulus: Annotated[float, "GPa"]  # [Pa]
    poissons_ratio: float  # [-]
    density: Annotated[float, "kg_per_m3"]  # [kg/m^3]
    hardness: Annotated[float | None, "GPa"] = None  # [Pa], for a law under which contacts yield

    def __post_init__(self) -> None:
        check_types(self)
        require(self.youngs_modulus > 0, "youngs_modulus", "> 0 Pa", self.youngs_modulus)
        require(-1 < self.poissons_ratio < 0.5, "poissons_ratio", "in (-1, 0.5)", self.poissons_ratio)
        require(self.density > 0, "density", "> 0 kg/m^3", self.density)
        require(self.hardness is None or self.hardness > 0, "hardness", "> 0 Pa", self.hardness)

    @property
    def shear_modulus(self) -> float:
        """Shear modulus E / (2 (1 + nu)) [Pa]."""
        return self.youngs_modulus / (2 * (1 + self.poissons_ratio))


@dataclass(frozen=True)
class Contacts:
    """Contact law and its constants per pair of species (``"AM-SE"``, ``"SE-wall"``, ...)."""

    law: str
    friction: Mapping[str, float]  # Coulomb coefficient [-]
    restitution: Mapping[str, float]  # coefficient of normal restitution [-]
    own: Mapping[str, Any] = field(default_factory=dict)  # of laws that have parameters of their own, by law

    def __post_init__(self) -> None:
        check_types(self)
        require(self.law in tuple(LAWS), "law", " or ".join(LAWS), self.law)
        require(
            LAWS[self.law].Parameters is None or self.law in self.own,
            self.law,
            f"given under the law {self.law}",
            None,
        )
        for name in ("friction", "restitution"):
            given = getattr(self, name)
            require(set(given) == set(PAIRS), name, f"given for the pairs {', '.join(PAIRS)}", list(given))
        for pair in PAIRS:
            require(self.friction[pair] >= 0, f"friction of {pair}", ">= 0", self.friction[pair])
            restitution = self.restitution[pair]
            require(0 < restitution <= 1, f"restitution of {pair}", "in (0, 1]", restitution)

    def law_of(self, materials: Mapping[str, Material]) -> Law:
        """The law, tabulated for materials by species."""
        return LAWS[self.law].of(materials, self.restitution, self.own.get(self.law))


@dataclass(frozen=True)
class Filling:
    """How a structure is filled before compression."""

    box_height: Annotated[float, "um"]  # [m]
    am_mean_diameter: Annotated[tuple[float, float], "um"]  # range of the mean per structure [m]
    am_sd_diameter: Annotated[tuple[float, float], "um"]  # range of the SD per structure [m]
    am_minimum_diameter: Annotated[float, "um"]  # truncation of the drawn diameters [m]
    se_diameter: Annotated[float, "um"]  # [m]
    se_pitch: Annotated[float, "um"]  # pitch of the raster of candidate SE centres [m]
    maximum_tries: int  # draws of an AM particle before a fresh start
    fresh_starts: int  # starts before giving up
    solid_fraction: float | None = (
        None  # share of the box that solids cover: SE thinned to it [-]; None: all fit
    )

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("am_mean_diameter", "am_sd_diameter"):
            low, high = getattr(self, name)
            require(0 <= low <= high, name, "a range [low, high] with 0 <= low <= high, in m", (low, high))
        require(
            0 < self.am_minimum_diameter <= self.am_mean_diameter[0],
            "am_minimum_diameter",
            f"in (0, lowest am_mean_diameter = {self.am_mean_diameter[0]:g} m]",
            self.am_minimum_diameter,
        )
        require(
            self.am_mean_diameter[1] < self.box_height,
            "am_mean_diameter",
            f"below box_height = {self.box_height:g} m",
            self.am_mean_diameter[1],
        )
        require(
            0 < self.se_diameter <= self.box_height,
            "se_diameter",
            f"in (0, box_height = {self.box_height:g} m]",
            self.se_diameter,
        )
        require(
            0 < self.se_pitch <= self.se_diameter,
            "se_pitch",
            f"in (0, se_diameter = {self.se_diameter:g} m]",
            self.se_pitch,
        )
        require(self.maximum_tries >= 1, "maximum_tries", ">= 1", self.maximum_tries)
        require(self.fresh_starts >= 1, "fresh_starts", ">= 1", self.fresh_starts)
        solid = self.solid_fraction
        require(solid is None or 0 < solid < 1, "solid_fraction", "in (0, 1)", solid)


@dataclass(frozen=True)
class Compression:
    """The right wall moves in to a width, or until it bears a pressure; then the structure comes to rest."""

    final_width: Annotated[float, "um"]  # after compression; under pressure the narrowest allowed [m]
    wall_speed: Annotated[float, "m_per_s"]  # [m/s]
    time_step_rayleigh: float  # time step / Rayleigh time of the smallest particle [-]
    time_step_contact: float  # most of time step / sqrt(mass / stiffness of its contacts) of a particle [-]
    hold_damping_rayleigh: float  # rate of decay of motion at the end x that Rayleigh time [-]
    hold_unbalanced_force: float  # at rest: most net force on a particle / mean contact force; of walls [-]
    hold_energy_ratio: float  # and most kinetic / elastic energy [-]
    hold_maximum_steps: int  # error if the structure does not rest within these
    frames: int  # recorded states: before compression, while the wall moves, at rest, and unloaded if so
    pressure_tolerance: float = 0.01  # a pressure is borne when found within this share of it [-]
    servo_damping: float = 1.0  # dashpot of the wall / acoustic impedance of the electrolyte [-]
    unload: bool = False  # after a pressure, let the wall back until it bears nothing

    def __post_init__(self) -> None:
        check_types(self)
        require(self.final_width > 0, "final_width", "> 0 m", self.final_width)
        require(self.wall_speed > 0, "wall_speed", "> 0 m/s", self.wall_speed)
        # At 0.2 Rayleigh times strongly compressed structures do not even come to rest (docs/validation.md).
        require(
            0 < self.time_step_rayleigh <= 0.2,
            "time_step_rayleigh",
            "in (0, 0.2] Rayleigh times",
            self.time_step_rayleigh,
        )
        require(0 < self.time_step_contact <= 1, "time_step_contact", "in (0, 1]", self.time_step_contact)
        damping = self.hold_damping_rayleigh
        require(0 <= damping <= 1, "hold_damping_rayleigh", "in [0, 1] per Rayleigh time", damping)
        unbalanced = self.hold_unbalanced_force
        require(0 < unbalanced < 1, "hold_unbalanced_force", "in (0, 1)", unbalanced)
        require(self.hold_energy_ratio > 0, "hold_energy_ratio", "> 0", self.hold_energy_ratio)
        require(self.hold_maximum_steps >= 1, "hold_maximum_steps", ">= 1", self.hold_maximum_steps)
        least = 4 if self.unload else 3
        require(self.frames >= least, "frames", f">= {least}", self.frames)
        require(0 < self.pressure_tolerance < 1, "pressure_tolerance", "in (0, 1)", self.pressure_tolerance)
        require(self.servo_damping > 0, "servo_damping", "> 0", self.servo_damping)


@dataclass(frozen=True)
class SimulationParameters:
    """Everything that decides how a structure of given width and uncovered fraction comes out."""

    seed: int
    structure: Filling
    materials: Mapping[str, Material]
    contacts: Contacts
    compression: Compression


def read_parameters(config: Mapping[str, Any]) -> SimulationParameters:
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
    if missing := [name for name in SECTIONS if name not in (config or {})]:
        empty = "" if config else "; it is empty"
        raise BadValue(f"configuration lacks the sections {', '.join(missing)}{empty}")
    for name in SECTIONS:
        check_type(name, config[name], int if name == "seed" else Mapping[str, Any])
    require(config["seed"] >= 0, "seed", ">= 0", config["seed"])
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
    parameters = SimulationParameters(
        seed=config["seed"],
        structure=read_section(Filling, config["structure"], "structure"),
        materials=materials,
        contacts=read_section(Contacts, section, "contacts", others, own=own),
        compression=read_section(Compression, config["compression"], "compression"),
    )
    parameters.contacts.law_of(materials)  # complains about what the law lacks
    return parameters
