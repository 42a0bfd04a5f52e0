"""What is measured of conduction: names, units and meanings, declared for those who write and who read it."""

from __future__ import annotations

import math
from typing import NamedTuple


class Conducted(NamedTuple):
    """Declaration of one number of a structure."""

    unit: str  # SI
    title: str  # for readers
    meaning: str
    highest: float = math.inf  # none is below 0
    kind: str = "f"  # numpy kind: f, or i of what is so (1) or not (0)
    may_lack: bool = False  # not a number of structures that have none


CONDUCTION = {
    "ionic_conductivity": Conducted(
        "S/m", "Ionic conductivity", "effective ionic conductivity of the middle of the structure"
    ),
    "electronic_conductivity": Conducted(
        "S/m", "Electronic conductivity", "effective electronic conductivity of the middle of the structure"
    ),
    "ionic_conductivity_relative": Conducted(
        "1", "Ionic conductivity / that of SE", "effective ionic conductivity / conductivity of dense SE"
    ),
    "electronic_conductivity_relative": Conducted(
        "1",
        "Electronic conductivity / that of AM",
        "effective electronic conductivity / conductivity of dense AM",
    ),
    "se_tortuosity_factor": Conducted(
        "1",
        "Tortuosity factor of SE",
        "volume fraction of SE in the middle / relative conductivity; not a number where it is 0",
        may_lack=True,
    ),
    "am_tortuosity_factor": Conducted(
        "1",
        "Tortuosity factor of AM",
        "volume fraction of AM in the middle / relative conductivity; not a number where it is 0",
        may_lack=True,
    ),
    "am_ionic_access": Conducted(
        "1",
        "AM with ionic access",
        "share of AM volume that touches SE of a cluster that reaches the separator",
        highest=1.0,
        may_lack=True,
    ),
    "am_electronic_access": Conducted(
        "1",
        "AM with electronic access",
        "share of AM volume in clusters of AM that reach the current collector",
        highest=1.0,
        may_lack=True,
    ),
    "am_utilisation": Conducted(
        "1", "AM utilisation", "share of AM volume with both accesses", highest=1.0, may_lack=True
    ),
    "se_percolates": Conducted(
        "1", "SE percolates", "1 if a cluster of SE joins separator and collector", highest=1.0, kind="i"
    ),
    "am_percolates": Conducted(
        "1", "AM percolates", "1 if a cluster of AM joins separator and collector", highest=1.0, kind="i"
    ),
}
