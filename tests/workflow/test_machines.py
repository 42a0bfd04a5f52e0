"""The workflow on machines that are set up otherwise."""

import os
import shutil
import subprocess
import sysconfig
import venv


def test_a_job_on_a_machine_set_up_otherwise(project, tmp_path):
    """Python below a folder with a space, a home without cache, a locale of ASCII, LaTeX asked for."""
    top = tmp_path / "e v"
    venv.create(top, symlinks=True)
    (packages,) = top.glob("lib/python*/site-packages")
    (packages / "theirs.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\n", encoding="utf-8")
    otherwise = {
        "HOME": os.devnull,
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "MATPLOTLIBRC": str(tmp_path),
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
    }
    picture = "results/tiny/figures/pipeline.png"
    arguments = ("--cores", "1", "--configfile", "tests/tiny.yaml", "--", picture)
    done = subprocess.run(
        [top / "bin/python", "-m", "snakemake", *arguments],
        cwd=project.folder,
        env=project.environment({**os.environ, **otherwise}),
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert (project.folder / picture).exists()


def test_a_missing_micrograph_is_an_error(project):
    (project.folder / "mine").mkdir()
    (project.folder / "mine/study.yaml").write_text("prediction: {images: [no-such.png]}\n", encoding="utf-8")
    arguments = ("-n", "--configfile", "tests/tiny.yaml", "mine/study.yaml")
    failed = project.snakemake(*arguments, check=False)
    assert failed.returncode == 1 and "Traceback" not in failed.stdout
    missing = project.folder / "mine/no-such.png"
    assert f"prediction.images: there is no file {missing}" in failed.stdout
    assert "mine/study.yaml" in failed.stdout
    missing.touch()
    assert "predict_images" in project.snakemake(*arguments).stdout


def test_make_finds_a_cache_without_a_home(root, tmp_path):
    """Snakemake does not start without one."""
    for home, cache in ((os.devnull, f"{root}/.snakemake/cache"), ("", f"{root}/.snakemake/cache")):
        environment = {**os.environ, "HOME": home, "XDG_CACHE_HOME": ""}
        command = ["make", "--print-data-base", "--dry-run", "help"]
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, encoding="utf-8"
        )
        assert f"XDG_CACHE_HOME := {cache}" in done.stdout


# Stands for the Python of the environment: what pip says of what is installed, and of what would be.
PIP = """\
#!/bin/sh
case "$*" in
*freeze*) printf 'numpy==3.0\\ntensorflow_cpu==3.1\\n' ;;
*--dry-run*) echo Got jax; echo Would install jax-1.0 nvidia-nccl-cu13-2.3.2.1 solid-state-electrode-1 ;;
esac
"""


def test_pins_are_renewed_with_those_of_jax_for_a_gpu(root, tmp_path):
    """It is too large to install for it."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(root / name, tmp_path)
    (tmp_path / "constraints.txt").write_text("# The versions\nnumpy==2.0\nold==1\n", encoding="utf-8")
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(PIP, encoding="utf-8")
    python.chmod(0o755)
    (tmp_path / ".venv/installed").touch()
    subprocess.run(["make", "pin"], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "constraints.txt").read_text(encoding="utf-8").splitlines() == [
        "# The versions",
        "jax==1.0",
        "numpy==3.0",
        "nvidia-nccl-cu13==2.3.2.1",
        "tensorflow==3.1",
        "tensorflow_cpu==3.1",
    ]
    assert [path.name for path in tmp_path.glob("constraints.*")] == ["constraints.txt"]
