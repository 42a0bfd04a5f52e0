"""Networks of contacts against TauFactor on the voxels of the same bodies (the extra `voxels`)."""

import conduction
import numpy as np
import pytest

pytest.importorskip("taufactor", reason="needs TauFactor, a solver on voxels")


@pytest.mark.parametrize("name", conduction.LATTICES)
@pytest.mark.parametrize("contact", [0.2, 0.4])
def test_lattices_within_ten_per_cent(name, contact):
    """Edges of voxels are off by a line over their side: two sizes are extrapolated."""
    sizes = (24, 48)
    values = [
        conduction.on_voxels(conduction.octant(name, contact, size)[0], periodic=False) for size in sizes
    ]
    truth, _ = conduction.extrapolated(1 / np.array(sizes), values)
    assert conduction.by_contacts(name, contact) == pytest.approx(truth, rel=0.1)


def test_a_slab_conducts_as_its_share():
    """Layers along the current: the solver and the orientation of the voxels are what we take them for."""
    solid = np.zeros((12, 10, 8), bool)
    solid[:, :4] = True
    assert conduction.on_voxels(solid) == pytest.approx(0.4, rel=1e-3)
