"""The declaration of the trajectory file, against what the DEM records and what a file holds."""

import h5py
import numpy as np
import pytest

from dem.measure.stress import ContactList
from dem.state import Frame
from electrode.trajectory import CONTACTS, PLANAR, QUANTITIES, check_quantity, dataset_path, names_in


def test_all_that_is_recorded_is_declared():
    assert list(ContactList._fields) == names_in(CONTACTS)
    per_frame = [name for name, declared in QUANTITIES.items() if declared.dims[0] == "frame"]
    assert set(Frame._fields) - {"x", "y"} | {"position"} == set(per_frame)


def datasets(file, group):
    """Paths of the datasets below a group."""
    paths = []
    file[group].visit(paths.append)
    return [f"{group}/{path}" for path in paths if isinstance(file[group][path], h5py.Dataset)]


def test_a_file_holds_what_is_declared_and_nothing_else(study):
    with h5py.File(study.trajectories[0]) as file:
        for name, particles in file["particles"].items():
            lengths = PLANAR | {
                "frame": len(particles["position/value"]),
                "particle": len(particles["radius"]),
                "contact": len(file[f"observables/{name}/contacts/i"]),
            }
            declared = {dataset_path(quantity, name): quantity for quantity in QUANTITIES}
            for path, quantity in declared.items():
                check_quantity(quantity, name, file[path][:], file[path].attrs["units"], lengths)
            written = {*datasets(file, f"particles/{name}"), *datasets(file, f"observables/{name}")}
            # Elements link step and time, of which a visit tells one place.
            clock = {"step", "time"}
            assert {path for path in written if path.split("/")[-1] not in clock} == {
                path for path, quantity in declared.items() if quantity not in clock
            }


@pytest.mark.parametrize(
    ("values", "unit", "message"),
    [
        (np.zeros((3, 2)), "m", r"contact_point of a must have the shape \(4, 2\), got \(3, 2\)"),
        (np.zeros((4, 2), int), "m", "contact_point of a must have the kind f, got i"),
        (np.zeros((4, 2)), "um", "contact_point of a must have the unit m, got um"),
    ],
)
def test_what_a_quantity_is_not_is_told(values, unit, message):
    with pytest.raises(ValueError, match=message):
        check_quantity("contact_point", "a", values, unit, PLANAR | {"contact": 4})
