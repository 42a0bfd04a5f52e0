"""Every parameter of the DEM: frozen dataclasses in SI units, and the way from configuration to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from decimal import Decimal
from typing import Any, TypeVar

# Species numbers are those of the image classes (0 is void there, the wall here).
WALL, SE, AM = 0, 1, 2
SPECIES = {"wall": WALL, "SE": SE, "AM": AM}
# Sections of a configuration that decide how a structure comes out.
SECTIONS = ("seed", "structure", "materials", "contacts", "compression")
PAIRS = ("AM-AM", "AM-SE", "SE-SE", "AM-wall", "SE-wall")

# Unit of a configuration key -> power of ten that takes its value to SI.
UNIT_EXPONENTS = {"um": -6, "GPa": 9, "kg_per_m3": 0, "m_per_s": 0, "ns": -9}
LAWS = ("hertz_mindlin", "elastoplastic")

Parameters = TypeVar("Parameters")


def _configured_in(unit: str, **options: Any) -> Any:
    """Mark a field whose configuration key is its name followed by this unit."""
    return field(metadata={"unit": unit}, **options)


def _require(condition: bool, name: str, bound: str, value: Any) -> None:
    if not condition:
        raise ValueError(f"{name} must be {bound}, got {value}")


@dataclass(frozen=True)
class Material:
    """Isotropic material of a particle, elastic up to its hardness."""

    youngs_modulus: float = _configured_in("GPa")  # [Pa]
    poissons_ratio: float  # [-]
    density: float = _configured_in("kg_per_m3")  # [kg/m^3]
    hardness: float | None = _configured_in("GPa", default=None)  # [Pa], for a law under which contacts yield

    def __post_init__(self):
        _require(self.youngs_modulus > 0, "youngs_modulus", "> 0 Pa", self.youngs_modulus)
        _require(-1 < self.poissons_ratio < 0.5, "poissons_ratio", "in (-1, 0.5)", self.poissons_ratio)
        _require(self.density > 0, "density", "> 0 kg/m^3", self.density)
        _require(self.hardness is None or self.hardness > 0, "hardness", "> 0 Pa", self.hardness)

    @property
    def shear_modulus(self) -> float:
        """Shear modulus E / (2 (1 + nu)) [Pa]."""
        return self.youngs_modulus / (2 * (1 + self.poissons_ratio))


@dataclass(frozen=True)
class Elastoplastic:
    """Constants of the elasto-plastic law, the same for all pairs; see `dem.elastoplastic`."""

    spring_growth: float  # c_spring [-]
    area_growth: float  # c_area [-]
    largest_equilibrium_overlap: float  # of a contact / its effective radius [-]
    relaxation_time: float = _configured_in("ns")  # t_rel [s]

    def __post_init__(self):
        _require(self.spring_growth >= 0, "spring_growth", ">= 0", self.spring_growth)
        _require(self.area_growth >= 0, "area_growth", ">= 0", self.area_growth)
        largest = self.largest_equilibrium_overlap
        _require(0 < largest <= 2, "largest_equilibrium_overlap", "in (0, 2] effective radii", largest)
        _require(self.relaxation_time > 0, "relaxation_time", "> 0 s", self.relaxation_time)


@dataclass(frozen=True)
class Contacts:
    """Contact law and its constants per pair of species (``"AM-SE"``, ``"SE-wall"``, ...)."""

    law: str
    friction: Mapping[str, float]  # Coulomb coefficient [-]
    restitution: Mapping[str, float]  # coefficient of normal restitution [-]
    elastoplastic: Elastoplastic | None = None  # needed under the law of this name

    def __post_init__(self):
        _require(self.law in LAWS, "law", " or ".join(LAWS), self.law)
        _require(
            self.law != "elastoplastic" or self.elastoplastic is not None,
            "elastoplastic",
            "given under the law elastoplastic",
            self.elastoplastic,
        )
        for name in ("friction", "restitution"):
            given = getattr(self, name)
            _require(set(given) == set(PAIRS), name, f"given for the pairs {', '.join(PAIRS)}", list(given))
        for pair in PAIRS:
            _require(self.friction[pair] >= 0, f"friction of {pair}", ">= 0", self.friction[pair])
            restitution = self.restitution[pair]
            _require(0 < restitution <= 1, f"restitution of {pair}", "in (0, 1]", restitution)


@dataclass(frozen=True)
class Filling:
    """How a structure is filled before compression."""

    box_height: float = _configured_in("um")  # [m]
    am_mean_diameter: tuple[float, float] = _configured_in("um")  # range of the mean drawn per structure [m]
    am_sd_diameter: tuple[float, float] = _configured_in(
        "um"
    )  # range of the standard deviation drawn per structure [m]
    am_minimum_diameter: float = _configured_in("um")  # truncation of the drawn diameters [m]
    se_diameter: float = _configured_in("um")  # [m]
    se_pitch: float = _configured_in("um")  # pitch of the raster of candidate SE centres [m]
    maximum_tries: int  # draws of an AM particle before a fresh start
    fresh_starts: int  # starts before giving up
    solid_fraction: float | None = (
        None  # share of the box that solids cover: SE thinned to it [-]; None: all fit
    )

    def __post_init__(self):
        for name in ("am_mean_diameter", "am_sd_diameter"):
            low, high = getattr(self, name)
            _require(0 <= low <= high, name, "a range [low, high] with 0 <= low <= high, in m", (low, high))
        _require(
            0 < self.am_minimum_diameter <= self.am_mean_diameter[0],
            "am_minimum_diameter",
            f"in (0, lowest am_mean_diameter = {self.am_mean_diameter[0]:g} m]",
            self.am_minimum_diameter,
        )
        _require(
            self.am_mean_diameter[1] < self.box_height,
            "am_mean_diameter",
            f"below box_height = {self.box_height:g} m",
            self.am_mean_diameter[1],
        )
        _require(
            0 < self.se_diameter <= self.box_height,
            "se_diameter",
            f"in (0, box_height = {self.box_height:g} m]",
            self.se_diameter,
        )
        _require(
            0 < self.se_pitch <= self.se_diameter,
            "se_pitch",
            f"in (0, se_diameter = {self.se_diameter:g} m]",
            self.se_pitch,
        )
        _require(self.maximum_tries >= 1, "maximum_tries", ">= 1", self.maximum_tries)
        _require(self.fresh_starts >= 1, "fresh_starts", ">= 1", self.fresh_starts)
        solid = self.solid_fraction
        _require(solid is None or 0 < solid < 1, "solid_fraction", "in (0, 1)", solid)


@dataclass(frozen=True)
class Compression:
    """The right wall moves in to a width, or until it bears a pressure; then the structure comes to rest."""

    final_width: float = _configured_in("um")  # after compression; under pressure the narrowest allowed [m]
    wall_speed: float = _configured_in("m_per_s")  # [m/s]
    time_step_rayleigh: float  # time step / Rayleigh time of the smallest particle [-]
    hold_energy_ratio: float  # at rest when kinetic / elastic energy falls below this [-]
    hold_maximum_steps: int  # error if the structure does not rest within these
    frames: int  # recorded states: before compression, while the wall moves, at rest, and unloaded if so
    pressure_tolerance: float = 0.01  # a pressure is borne when found within this share of it [-]
    servo_damping: float = 1.0  # dashpot of the wall / acoustic impedance of the electrolyte [-]
    unload: bool = False  # after a pressure, let the wall back until it bears nothing

    def __post_init__(self):
        _require(self.final_width > 0, "final_width", "> 0 m", self.final_width)
        _require(self.wall_speed > 0, "wall_speed", "> 0 m/s", self.wall_speed)
        # At 0.2 Rayleigh times strongly compressed structures do not even come to rest (docs/validation.md).
        _require(
            0 < self.time_step_rayleigh <= 0.2,
            "time_step_rayleigh",
            "in (0, 0.2] Rayleigh times",
            self.time_step_rayleigh,
        )
        _require(self.hold_energy_ratio > 0, "hold_energy_ratio", "> 0", self.hold_energy_ratio)
        _require(self.hold_maximum_steps >= 1, "hold_maximum_steps", ">= 1", self.hold_maximum_steps)
        least = 4 if self.unload else 3
        _require(self.frames >= least, "frames", f">= {least}", self.frames)
        _require(0 < self.pressure_tolerance < 1, "pressure_tolerance", "in (0, 1)", self.pressure_tolerance)
        _require(self.servo_damping > 0, "servo_damping", "> 0", self.servo_damping)
        _require(isinstance(self.unload, bool), "unload", "true or false", self.unload)


@dataclass(frozen=True)
class SimulationParameters:
    """Everything that decides how a structure of given width and uncovered fraction comes out."""

    seed: int
    structure: Filling
    materials: Mapping[str, Material]
    contacts: Contacts
    compression: Compression


def _to_si(value: Any, exponent: int) -> Any:
    """Scale by a power of ten in decimal arithmetic, so that 46 um is the float nearest to 46e-6 m."""
    if isinstance(value, (list, tuple)):
        return tuple(_to_si(item, exponent) for item in value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"must be a number, got {value!r}")
    return float(Decimal(repr(value)).scaleb(exponent))


def _read_section(kind: type[Parameters], section: Mapping[str, Any], where: str) -> Parameters:
    """Make a dataclass from a section of the configuration whose keys end in their unit.

    Raises
    ------
    ValueError
        If a key is unknown or missing, or a value out of bounds; the message names section and key.
    """
    units = {parameter.name: parameter.metadata.get("unit") for parameter in fields(kind)}
    names = {f"{name}_{unit}" if unit else name: name for name, unit in units.items()}
    if unknown := set(section) - set(names):
        raise ValueError(f"unknown configuration key {where}.{min(unknown)}; known: {', '.join(names)}")
    optional = {parameter.name for parameter in fields(kind) if parameter.default is not MISSING}
    if missing := {key for key, name in names.items() if name not in optional} - set(section):
        raise ValueError(f"missing configuration key {where}.{min(missing)}")
    values = {}
    for key, name in names.items():
        if key not in section:
            continue
        try:
            values[name] = _to_si(section[key], UNIT_EXPONENTS[units[name]]) if units[name] else section[key]
        except ValueError as error:
            raise ValueError(f"configuration key {where}.{key} {error}") from None
    try:
        return kind(**values)
    except ValueError as error:
        raise ValueError(f"configuration section {where}: {error}") from None


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
        raise ValueError(f"configuration lacks the sections {', '.join(missing)}")
    contacts = dict(config["contacts"])
    if "elastoplastic" in contacts:
        section = contacts["elastoplastic"]
        contacts["elastoplastic"] = _read_section(Elastoplastic, section, "contacts.elastoplastic")
    materials = {
        species: _read_section(Material, config["materials"][species], f"materials.{species}")
        for species in ("AM", "SE")
    }
    if contacts["law"] == "elastoplastic":
        for species, material in materials.items():
            name = f"materials.{species}.hardness_GPa"
            _require(material.hardness is not None, name, "given under the law elastoplastic, in GPa", "none")
    return SimulationParameters(
        seed=config["seed"],
        structure=_read_section(Filling, config["structure"], "structure"),
        materials=materials,
        contacts=_read_section(Contacts, contacts, "contacts"),
        compression=_read_section(Compression, config["compression"], "compression"),
    )
