import pytest

from analysis.trajectories import read_trajectories


@pytest.fixture
def trajectory(study):
    """First structure of the tiny study."""
    return next(read_trajectories(study.trajectories[0]))
