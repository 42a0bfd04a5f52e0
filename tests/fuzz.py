"""Damaged and hostile inputs: each is read as what it is, or refused with ValueError that names the file.

    python tests/fuzz.py [--inputs 10000] [--seed 0] [KIND ...]

prints what each kind of input came to. A test runs a few of them. Inputs are made from good ones: bits
flipped, ranges overwritten, zeroed, doubled or cut out, the end cut off; for the configuration, values and
keys exchanged. A reader runs in a process of its own, with 4 GiB at most.
"""

import argparse
import collections
import copy
import importlib
import math
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import yaml

from study.configuration import check_configuration
from study.figures import figure_files
from study.jobs import Study

ROOT = Path(__file__).resolve().parent.parent
MEMORY = 4 * 2**30
# Kind of input -> good file below the folder of samples, module and function that reads it.
READERS = {
    "trajectory": ("sample.h5", "electrode.structures", "read_trajectories"),
    "dataset": ("sample.nc", "analysis.dataset", "open_dataset"),
    "training": ("sample.nc", "cnn.data", "read_dataset"),
    "model": ("sample.keras", "cnn.ensemble", "load_model"),
    "packing": ("sample.csv", "dem.packing", "read_packing"),
}
KINDS = ("config", *READERS)
ODD = (
    *(None, True, -1, 0, 1, 2**63, 10**400, 1e308, 5e-324, math.nan, math.inf, -0.0),
    *(
        "",
        " ",
        "a\n",
        "../up",
        "/etc",
        "~",
        "$(id)",
        "`id`",
        "; id",
        "'",
        '"',
        "\0",
        "{study}",
        "%s",
        "x" * 10000,
    ),
    *([], [[]], {}, {"a": 1}, [1] * 1000, ["46"], "1e-3", "2026-01-01"),
)


def damaged(content: bytes, rng: random.Random) -> bytes:
    """A few damages at random places."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        start = rng.randrange(len(data) or 1)
        length = min(rng.choice((1, 2, 4, 8, 64, 1024)), len(data) - start)
        match rng.randrange(6):
            case 0 if data:
                data[start] ^= 1 << rng.randrange(8)
            case 1:
                data[start : start + length] = rng.randbytes(length)
            case 2:
                data[start : start + length] = rng.choice((b"\0", b"\xff")) * length
            case 3:
                data[start:start] = data[start : start + length]
            case 4:
                del data[start : start + length]
            case 5 if rng.random() < 0.2:
                del data[start:]
    return bytes(data)


def mutated(config: dict, rng: random.Random) -> dict:
    """A configuration with a few values or keys exchanged."""
    config = copy.deepcopy(config)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        place = config
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(place[key], dict | list) and rng.random() < 0.8:
                place = place[key]
                continue
            match rng.randrange(4):
                case 0 if isinstance(place[key], int | float):
                    place[key] *= rng.choice((-1, 0, 0.5, 1.001, 2, 1000, 1e-9, 1e9))
                case 1:
                    del place[key]
                case 2 if isinstance(place, dict):
                    place[rng.choice((*"ab", "", 1, "study", "../up"))] = place.pop(key)
                case _:
                    place[key] = copy.deepcopy(rng.choice(ODD))
            break
    return config


def check_config(config: dict) -> None:
    """What the workflow does with a configuration before anything runs."""
    check_configuration(config, ROOT / "workflow/schemas/config.schema.yaml")
    study = Study(config)
    top = ROOT / "results"
    for path in (*study.trajectory_files()[:3], *study.prediction_files(), *figure_files(study)):
        resolved = (ROOT / path).resolve()
        assert resolved.is_relative_to(top) and len(resolved.relative_to(top).parts) >= 2, path
        assert path.isprintable() and not set(path) & set(" '\"$`;&|<>*?\\"), path


def read_one(kind: str, samples: Path, number: int, seed: int) -> None:
    """Make an input and read it; ValueError is the answer to a bad one."""
    rng = random.Random(f"{seed}/{kind}/{number}")
    if kind == "config":
        check_config(mutated(yaml.safe_load((samples / "sample.yaml").read_text(encoding="utf-8")), rng))
        return
    name, module, function = READERS[kind]
    good = samples / name
    bad = samples / f"damaged-{kind}{good.suffix}"
    bad.write_bytes(damaged(good.read_bytes(), rng))
    read = getattr(importlib.import_module(module), function)
    try:
        if kind == "trajectory":
            collections.deque(read(bad), maxlen=0)
        else:
            read(bad, *((9e-6,) if kind == "packing" else ()))
    except ValueError as error:
        assert str(bad) in str(error), f"the message does not name the file: {error}"
        raise


def work(kind: str, samples: Path, first: int, last: int, seed: int) -> None:
    """Read inputs one after the other and print how each went; runs as a process of its own."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for number in range(first, last):
        print(number, end=" ", flush=True)
        try:
            read_one(kind, samples, number, seed)
        except ValueError:
            print("refused", flush=True)
        except Exception as error:
            print(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}", flush=True)
        else:
            print("accepted", flush=True)


def fuzz(kind: str, samples: Path, inputs: int, seed: int) -> collections.Counter:
    """Outcomes of many inputs, and how often; anything but accepted and refused is a defect."""
    outcomes: collections.Counter = collections.Counter()
    first = 0
    while first < inputs:
        command = [
            sys.executable,
            __file__,
            "--worker",
            kind,
            str(samples),
            str(first),
            str(inputs),
            str(seed),
        ]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=60 + inputs, encoding="utf-8"
            )
            output, end = done.stdout, f"process ended with {done.returncode}"
        except subprocess.TimeoutExpired as error:
            output, end = (error.stdout or b"").decode(), "no answer in time"
        lines = output.splitlines()
        if not lines:
            raise RuntimeError(f"{kind}: {end} before the first input: {done.stderr[-500:]}")
        for line in lines:
            number, _, outcome = line.partition(" ")
            outcomes[outcome or end] += 1
            first = int(number) + 1
    return outcomes


def make_samples(folder: Path, source: SimpleNamespace) -> None:
    """Lay out good inputs: `source` has the configuration and the files of a small study."""
    (folder / "sample.yaml").write_text(yaml.safe_dump(source.config), encoding="utf-8")
    for name, path in (("h5", source.trajectory), ("nc", source.dataset), ("keras", source.model)):
        (folder / f"sample.{name}").write_bytes(Path(path).read_bytes())
    particles = "".join(f"{1 + 2 * k % 7},{1 + k},0.5,{'AM' if k % 3 else 'SE'}\n" for k in range(7))
    (folder / "sample.csv").write_text(f"x_um,y_um,radius_um,species\n{particles}", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("kinds", nargs="*", default=KINDS, metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--inputs", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--study", type=Path, default=ROOT / "results/demo", help="finished study to start from"
    )
    arguments = parser.parse_args()
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    source = SimpleNamespace(
        config=config,
        trajectory=min((arguments.study / "trajectories").glob("*.h5"), key=lambda path: path.stat().st_size),
        dataset=arguments.study / "dataset.nc",
        model=arguments.study / "cnn/random/member-0.keras",
    )
    with tempfile.TemporaryDirectory() as folder:
        make_samples(Path(folder), source)
        for kind in arguments.kinds:
            print(f"{kind}: {arguments.inputs} inputs")
            for outcome, count in fuzz(kind, Path(folder), arguments.inputs, arguments.seed).most_common():
                print(f"{count:8d}  {outcome}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2], Path(sys.argv[3]), *map(int, sys.argv[4:7]))
    else:
        main()
