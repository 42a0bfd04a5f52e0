"""Elasto-plastic contact law of Maxwell type: a spring whose free length flows.

So et al., MethodsX 9 (2022) 101857; J. Power Sources 508 (2021) 230344; J. Electrochem. Soc. 168 (2021)
030538. Each contact remembers the overlap at which its spring is free, the
*equilibrium overlap* h_eq. Beyond a yield force h_eq creeps after the overlap h:

* spring F = k (h - h_eq), k = (4/3) E_eff sqrt(R_eff h) (1 + c_spring h_eq / R_eff)^(3/2);
* yield force F_th = H (2/3) pi h R_eff (1 + c_area h_eq / R_eff), H the hardness of the softer partner;
* flow dh_eq/dt = (F - F_th) / (t_rel k) above F_th, (F + F_th) / (t_rel k) below -F_th, else 0;
* contact area pi h R_eff (1 + c_area h_eq / R_eff).

Where solid electrolyte takes part particles fuse: the spring may pull. Elsewhere, and at walls, it does not:
such a contact is apart while h < h_eq, and once it has yielded not even its dashpot pulls. Until a contact
yields it is one of `dem.laws.hertz_mindlin`. Dashpots are those of that law, the normal one with the tangent
stiffness of the stiffened spring.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np

from dem.configured import Bounds, check_fields, require
from dem.laws.elastic import elastic_constants, elastic_tables, pair_table
from dem.laws.response import Response
from electrode.species import SE, WALL


@dataclass(frozen=True)
class Yielding:
    """Constants of the law that are the same for all pairs."""

    spring_growth: Annotated[float, Bounds(least=0, most=100)]  # c_spring [-]
    area_growth: Annotated[float, Bounds(least=0, most=100)]  # c_area [-]
    # Of a contact / its effective radius [-].
    largest_equilibrium_overlap: Annotated[float, Bounds(above=0, most=2)]
    relaxation_time: Annotated[float, Bounds("ns", above=0, most=1_000_000)]  # t_rel [s]

    def __post_init__(self) -> None:
        check_fields(self)


class Constants(NamedTuple):
    """Of one contact; the first four as `dem.laws.elastic.ElasticConstants`."""

    normal_stiffness: float  # [N/m^1.5]
    tangential_stiffness: float  # [N/m^1.5]
    normal_damping: float  # [N s/m^1.25]
    tangential_damping: float  # [N s/m^1.25]
    effective_radius: float  # [m]
    yielding: float  # yield force / overlap of a contact that has not yielded, (2/3) pi H R_eff [N/m]
    fuses: float  # 1 where the spring may pull, else 0


class Tables(NamedTuple):
    """Constants of the law: arrays [3, 3] per pair of species, see `dem.laws.elastic.pair_table`."""

    effective_modulus: np.ndarray  # E_eff [Pa]
    effective_shear: np.ndarray  # G_eff [Pa]
    damping_ratio: np.ndarray  # b [-]
    hardness: np.ndarray  # of the softer partner [Pa]
    spring_growth: float  # c_spring [-]
    area_growth: float  # c_area [-]
    largest: float  # cap of h_eq / R_eff [-]
    rate: float  # 1 / t_rel [1/s]


class Elastoplastic(Tables):
    """The law, see `dem.laws.Law`."""

    __slots__ = ()
    Parameters = Yielding
    Constants = Constants
    # Equilibrium overlap / effective radius [-].
    HISTORY = ("flattening",)

    @classmethod
    def of(cls, materials, restitution, own):
        """Tabulate the law, see `dem.laws.Law`.

        Raises
        ------
        ValueError
            If a material has no hardness.
        """
        for species, material in materials.items():
            name = f"materials.{species}.hardness_GPa"
            require(material.hardness is not None, name, "given under the law elastoplastic, in GPa", "none")
        softer = pair_table(
            lambda pair: min(materials[name].hardness for name in pair.split("-") if name in materials)
        )
        return cls(
            **elastic_tables(materials, restitution),
            hardness=softer,
            # Whole numbers would be another type, and have all kernels compiled anew.
            spring_growth=float(own.spring_growth),
            area_growth=float(own.area_growth),
            largest=float(own.largest_equilibrium_overlap),
            rate=1 / own.relaxation_time,
        )

    def check_time_step(self, time_step):
        """Raise ValueError if the relaxation time is below two time steps [s]: the flow would overshoot."""
        if 2 * time_step * self.rate > 1:
            raise ValueError(
                f"contacts.elastoplastic.relaxation_time must be at least two time steps = "
                f"{2 * time_step:.3g} s, got {1 / self.rate:.3g} s"
            )

    def constants(self, species_i, species_j, radius, mass):
        """Constants of one contact, from effective radius [m] and mass [kg]."""
        elastic = elastic_constants(
            self.effective_modulus[species_i, species_j],
            self.effective_shear[species_i, species_j],
            self.damping_ratio[species_i, species_j],
            radius,
            mass,
        )
        electrolyte = species_i == SE or species_j == SE
        particles = species_i != WALL and species_j != WALL
        return Constants(
            elastic.normal_stiffness,
            elastic.tangential_stiffness,
            elastic.normal_damping,
            elastic.tangential_damping,
            radius,
            2 / 3 * math.pi * self.hardness[species_i, species_j] * radius,
            1.0 if electrolyte and particles else 0.0,
        )

    def response(self, constants, history, overlap, opening, time_step):
        """What a contact does in a step; the force is that before the step's flow.

        Parameters
        ----------
        constants : Constants
            Of the contact.
        history : tuple
            Flattening before this step, h_eq / R_eff [-].
        overlap : float
            h [m].
        opening : float
            Normal velocity of j relative to i [m/s], positive when separating.
        time_step : float
            [s].
        """
        (flattening,) = history
        fuses, effective_radius = constants.fuses, constants.effective_radius
        overlaps = overlap > 0.0
        root = math.sqrt(overlap if overlaps else 0.0)
        equilibrium = flattening * effective_radius
        stiffening = 1.0 + self.spring_growth * flattening
        root_stiffening = math.sqrt(stiffening)
        # k / ((4/3) E_eff sqrt(R_eff)): the square root of the overlap until the contact yields.
        hardened = root * (stiffening * root_stiffening)
        constant = constants.normal_stiffness * hardened
        stretch = overlap - equilibrium
        touches = overlaps & ((fuses > 0.0) | (stretch > 0.0))
        spring = constant * stretch
        damped = spring - constants.normal_damping * math.sqrt(hardened) * opening
        force = 0.0 if (damped < 0.0) & (fuses == 0.0) & (flattening > 0.0) else damped
        threshold = constants.yielding * overlap * (1.0 + self.area_growth * flattening)
        over, under = spring - threshold, spring + threshold
        excess = (over if over > 0.0 else 0.0) + (under if under < 0.0 else 0.0)
        flowed = flattening + self.rate * time_step * excess / (constant * effective_radius)
        crept = flowed if flowed < self.largest else self.largest
        # Energy of the spring, see `energy`, and what the flow takes from it.
        root_equilibrium = math.sqrt(equilibrium)
        cubes = overlap * root - equilibrium * root_equilibrium
        area = 0.4 * (overlap * overlap * root - equilibrium * equilibrium * root_equilibrium) - 2 / 3 * (
            equilibrium * cubes
        )
        yielded = (
            constants.normal_stiffness
            * (crept - flattening)
            * root_stiffening
            * (2 / 3 * effective_radius * stiffening * cubes - 1.5 * self.spring_growth * area)
        )
        broken = fuses * (4 / 15) * constants.normal_stiffness * stiffening * root_stiffening
        broken *= equilibrium * equilibrium * root_equilibrium
        crept = crept if touches else flattening
        return Response(
            touches,
            force,
            constants.tangential_stiffness * root,
            constants.tangential_damping * math.sqrt(root),
            (spring - force) * opening * time_step,
            -yielded,
            0.0 if overlaps else broken,
            (crept if overlaps else 0.0,),
        )

    def energy(self, constants, history, overlap, displacement):
        """Energy in the springs of one contact [J].

        Work of k (x - h_eq) from h_eq to the overlap h: (4/3) E_eff sqrt(R_eff) (1 + c_spring h_eq / R_eff)
        ^(3/2) x (2/5 h^(5/2) - 2/3 h_eq h^(3/2) + 4/15 h_eq^(5/2)), and (1/2) k_S displacement^2; 0 while
        apart.
        """
        (flattening,) = history
        equilibrium = flattening * constants.effective_radius
        if overlap < equilibrium and constants.fuses == 0.0:
            return 0.0
        root, root_equilibrium = math.sqrt(overlap), math.sqrt(equilibrium)
        growth = 1.0 + self.spring_growth * flattening
        hardened = constants.normal_stiffness * growth * math.sqrt(growth)
        area = (
            0.4 * overlap**2 * root
            - 2 / 3 * equilibrium * overlap * root
            + 4 / 15 * equilibrium**2 * root_equilibrium
        )
        return hardened * area + 0.5 * constants.tangential_stiffness * root * displacement**2

    def areas(self, constants, history, species_i, species_j, overlap, normal_force, effective_radius):
        """Contact area of the law twice [N, m2], 0 of contacts that are apart, and h_eq [N, m]; see `Law`."""
        equilibrium = history[0] * effective_radius
        area = np.pi * overlap * (effective_radius + self.area_growth * equilibrium)
        area = np.where((constants.fuses > 0) | (overlap > equilibrium), area, 0.0)
        return area, area, equilibrium
