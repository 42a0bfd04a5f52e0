"""Trajectories for viewers: extended XYZ (OVITO, ASE) and VTKHDF (ParaView, VTK, PyVista)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from electrode.species import NAMES
from electrode.structures import PressedPacking, Trajectory, presses, read_structures
from provenance import FilePath, atomic_output

# Of the VTKHDF specification: the first with steps and points (Kitware, VTK file formats).
VTKHDF_VERSION = (2, 0)
# Kinds of cells of PolyData in the order of the specification; we have vertices only.
CELLS = ("Vertices", "Lines", "Polygons", "Strips")


class Scene(NamedTuple):
    """What a viewer shows: N spheres in F frames, in micrometres, as viewers expect lengths of about 1."""

    name: str
    species: np.ndarray  # [N]
    radius: np.ndarray  # [N, um]
    time: np.ndarray  # [F, s]
    position: np.ndarray  # [F, N, 3, um]
    contact_pressure: np.ndarray  # [F, N, MPa]
    box: np.ndarray  # lowest and highest corner [F, 2, 3, um]
    periodic: tuple[bool, bool, bool]  # along x, y, z


def read_scenes(trajectory: FilePath) -> Iterator[Scene]:
    """Yield what a trajectory file holds: a scene per structure of the plane, per packing in space.

    The frames of a packing are those of all its samples under load, in order of time. A structure of the
    plane lies at z = 0, in a box as deep as its largest sphere.
    """
    packings = []
    for structure in read_structures(trajectory):
        if isinstance(structure, Trajectory):
            yield _of_plane(structure)
        else:
            packings.append(structure)
    for packing, samples in presses(packings).items():
        yield _of_packing(packing, samples)


def _of_plane(structure: Trajectory) -> Scene:
    radius = 1e6 * structure.radius
    frames, spheres, _ = structure.position.shape
    position = np.zeros((frames, spheres, 3))
    position[..., :2] = 1e6 * structure.position
    left, right, bottom, top = 1e6 * structure.wall_position.T
    deep = np.full(frames, radius.max())
    return Scene(
        name=structure.name,
        species=structure.species,
        radius=radius,
        time=structure.time,
        position=position,
        contact_pressure=1e-6 * structure.contact_pressure,
        box=np.stack([np.stack([left, bottom, -deep], -1), np.stack([right, top, deep], -1)], axis=1),
        periodic=(False, False, False),
    )


def _of_packing(name: str, samples: list[PressedPacking]) -> Scene:
    first = samples[0]
    floor, piston = 1e6 * np.concatenate([sample.wall_position for sample in samples])[:, :2].T
    box = np.zeros((floor.size, 2, 3))
    box[:, 1, :2] = 1e6 * first.box[:2]
    box[:, :, 2] = np.stack([floor, piston], axis=-1)
    x, y, z = first.periodic
    return Scene(
        name=name,
        species=first.species,
        radius=1e6 * first.radius,
        time=np.concatenate([sample.time for sample in samples]),
        position=1e6 * np.concatenate([sample.position for sample in samples]),
        contact_pressure=1e-6 * np.concatenate([sample.contact_pressure for sample in samples]),
        box=box,
        periodic=(x, y, z),
    )


def write_extxyz(scene: Scene, path: FilePath) -> None:
    """Write extended XYZ: a comment with box, columns and units, then a line per sphere, for each frame."""
    columns = "species:S:1:pos:R:3:radius:R:1:contact_pressure_MPa:R:1"
    periodic = " ".join("FT"[axis] for axis in scene.periodic)
    names = [NAMES[species] for species in scene.species.tolist()]
    radius = [f"{value:.6g}" for value in scene.radius]
    with atomic_output(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        for time, box, position, pressure in zip(
            scene.time, scene.box, scene.position, scene.contact_pressure, strict=True
        ):
            lattice = " ".join(f"{value:.8g}" for value in np.diag(box[1] - box[0]).ravel())
            origin = " ".join(f"{value:.8g}" for value in box[0])
            file.write(
                f"{len(names)}\n"
                f'Lattice="{lattice}" Origin="{origin}" pbc="{periodic}" Properties={columns} '
                f'Time={1e6 * time:.9g} units="lengths in um, Time in us"\n'
            )
            for name, (x, y, z), size, stress in zip(
                names, position.tolist(), radius, pressure.tolist(), strict=True
            ):
                file.write(f"{name} {x:.8g} {y:.8g} {z:.8g} {size} {stress:.6g}\n")


def write_vtkhdf(scene: Scene, path: FilePath) -> None:
    """Write VTKHDF: PolyData with a vertex per sphere, and a step per frame at its time [us].

    Lengths are in um. What does not change (``radius``, ``species``) is stored once: all steps point to it.
    """
    frames, spheres, _ = scene.position.shape
    moving, still = spheres * np.arange(frames), np.zeros(frames, np.int64)
    point_data: dict[str, tuple[np.ndarray, np.ndarray]] = {
        "radius": (scene.radius.astype(np.float32), still),
        "species": (scene.species.astype(np.int8), still),
        "contact_pressure_MPa": (scene.contact_pressure.ravel().astype(np.float32), moving),
    }
    with atomic_output(path) as temporary, h5py.File(temporary, "w") as file:
        root = file.create_group("VTKHDF")
        root.attrs["Version"] = np.array(VTKHDF_VERSION)
        root.attrs["Type"] = np.bytes_("PolyData")
        root["NumberOfPoints"] = [spheres]
        _compressed(root, "Points", scene.position.reshape(-1, 3).astype(np.float32))
        for kind in CELLS:
            count = spheres if kind == "Vertices" else 0
            cells = root.create_group(kind)
            cells["NumberOfCells"] = cells["NumberOfConnectivityIds"] = np.array([count])
            cells["Offsets"] = np.arange(count + 1)
            cells["Connectivity"] = np.arange(count)
        steps = root.create_group("Steps")
        steps.attrs["NSteps"] = frames
        steps["Values"] = 1e6 * scene.time
        steps["NumberOfParts"] = np.ones(frames, np.int64)
        steps["PartOffsets"] = still
        steps["PointOffsets"] = moving
        steps["CellOffsets"] = steps["ConnectivityIdOffsets"] = np.zeros((frames, len(CELLS)), np.int64)
        for name, (values, offsets) in point_data.items():
            _compressed(root, f"PointData/{name}", values)
            steps[f"PointDataOffsets/{name}"] = offsets


def _compressed(group: h5py.Group, name: str, values: np.ndarray) -> None:
    group.create_dataset(name, data=values, compression="gzip", shuffle=True)


# By the word of the command: suffix of the files, and how one is written.
FORMATS: dict[str, tuple[str, Callable[[Scene, FilePath], None]]] = {
    "extxyz": (".xyz", write_extxyz),
    "vtkhdf": (".vtkhdf", write_vtkhdf),
}


def view(trajectory: FilePath, folder: FilePath, form: str = "extxyz") -> list[Path]:
    """Write each scene of a trajectory file to a file of its own, named after it; gives their paths.

    Parameters
    ----------
    trajectory
        HDF5 file of the DEM.
    folder
        To write to.
    form
        One of `FORMATS`.
    """
    suffix, write = FORMATS[form]
    paths = []
    for scene in read_scenes(trajectory):
        path = Path(folder) / f"{scene.name}{suffix}"
        write(scene, path)
        paths.append(path)
    return paths
