"""A real Slurm on one machine: a controller, CPU nodes and a node with a pretend GPU, without systemd.

As root, after tests/slurm/install.sh:

    python tests/slurm/cluster.py COMMAND ...

starts the cluster, runs the command on it, and stops it. Nothing outside a temporary folder is touched: key,
sockets and configuration lie there and ports are free ones, so that several clusters live side by side.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
CPU_NODES = ("cpu1", "cpu2", "cpu3")
GPU_NODE = "gpu1"

CONFIGURATION = """
ClusterName=local
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[controller]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid

# Containers have no cgroups to hand: a job's processes are known by their process group, and its memory is
# summed up every second.
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
TaskProlog={folder}/prolog
SwitchType=switch/none
MpiDefault=none
AccountingStorageType=accounting_storage/none

# Nodes claim what they like; a request that none can meet is refused instead of waiting for ever.
SlurmdParameters=config_overrides
EnforcePartLimits=ALL
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu

# React at once, and remember finished jobs: without accounting, `squeue` tells how they ended.
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
MinJobAge=3600
KillWait=2
# A node that is set down stays down.
ReturnToService=0
SlurmctldTimeout=60
SlurmdTimeout=60

{nodes}
PartitionName=cpu Nodes={cpu_nodes} Default=YES MaxTime=1-0 State=UP
PartitionName=gpu Nodes={gpu_node} MaxTime=1-0 State=UP
"""


def why_not():
    """Why no cluster can be started here; None if it can."""
    if os.getuid() != 0:
        return "a Slurm of our own needs root"
    missing = [daemon for daemon in DAEMONS if not shutil.which(daemon)]
    if missing:
        return f"{', '.join(missing)} not installed (tests/slurm/install.sh, Debian)"
    return None


class Cluster:
    """Slurm daemons in the foreground, children of this process, which end with it at the latest.

    Parameters
    ----------
    folder
        For configuration, state and logs.
    cpus, gpu_cpus
        CPUs that a CPU node and the GPU node claim.
    memory_mb
        Memory that each node claims.
    """

    def __init__(self, folder: Path, cpus=2, gpu_cpus=4, memory_mb=20000):
        self.folder = folder
        self.daemons: dict[str, subprocess.Popen] = {}
        (folder / "munge").mkdir(parents=True)
        (folder / "munge").chmod(0o711)
        key = folder / "munge/key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        shape = dict.fromkeys(CPU_NODES, f"CPUs={cpus}")
        shape[GPU_NODE] = f"CPUs={gpu_cpus} Gres=gpu:pretend:1"
        ports = free_ports("controller", *shape)
        host = socket.gethostname().split(".")[0]
        nodes = "\n".join(
            f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[name]} "
            f"RealMemory={memory_mb} {has} State=UNKNOWN"
            for name, has in shape.items()
        )
        text = CONFIGURATION.format(
            host=host,
            folder=folder,
            ports=ports,
            nodes=nodes,
            cpu_nodes=",".join(CPU_NODES),
            gpu_node=GPU_NODE,
        )
        (folder / "slurm.conf").write_text(text, encoding="utf-8")
        # Without cgroups nobody opens the device: any file will do.
        gpu = f"NodeName={GPU_NODE} AutoDetect=off Name=gpu Type=pretend File=/dev/null\n"
        (folder / "gres.conf").write_text(gpu, encoding="utf-8")
        (folder / "cgroup.conf").write_text("CgroupAutomount=no\n", encoding="utf-8")
        (folder / "plugstack.conf").write_text("", encoding="utf-8")
        # What each task is given, for the tests: a job prints nothing of it.
        prolog = folder / "prolog"
        prolog.write_text(f'#!/bin/sh\nenv > "{folder}/environment-$SLURM_JOB_ID"\n', encoding="utf-8")
        prolog.chmod(0o755)
        # Snakemake starts `srun` in its jobs without SLURM_*, by which the cluster is found.
        wrapper = folder / "bin/srun"
        wrapper.parent.mkdir()
        srun = shutil.which("srun")
        wrapper.write_text(
            f'#!/bin/sh\nexec env SLURM_CONF="{folder}/slurm.conf" {srun} "$@"\n', encoding="utf-8"
        )
        wrapper.chmod(0o755)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SLURM_")},
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": f"{wrapper.parent}:{os.environ['PATH']}",
        }

    def __enter__(self):
        try:
            names = {name: self.folder / "munge" / name for name in ("socket", "pid", "log", "seed")}
            self._start(
                "munged",
                "munged",
                "--foreground",
                "--force",  # although nobody else may enter the folder
                f"--key-file={self.folder}/munge/key",
                f"--socket={names['socket']}",
                f"--pid-file={names['pid']}",
                f"--log-file={names['log']}",
                f"--seed-file={names['seed']}",
            )
            self._wait("munged", names["socket"].exists)
            self._start("slurmctld", "slurmctld", "-D")
            self._wait("slurmctld", lambda: "is UP" in self.ask("scontrol", "ping"))
            for node in (*CPU_NODES, GPU_NODE):
                self.start_node(node)
            self._wait("idle nodes", lambda: set(self.nodes().values()) == {"idle"})
        except BaseException:
            self._kill()
            raise
        return self

    def __exit__(self, *_):
        # The processes of a job outlive the daemon of their node: cancel first.
        self.ask("scancel", "--user=root")
        try:
            self._wait("cancelled jobs", lambda: not self.ask("squeue", "--noheader").strip())
        finally:
            self._kill()

    def ask(self, *command):
        """Output of a Slurm command, what went wrong included."""
        done = subprocess.run(
            command,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        return done.stdout

    def nodes(self):
        """State of each node."""
        rows = self.ask("sinfo", "--Node", "--noheader", "--format=%N %T").splitlines()
        return dict(row.split() for row in rows if len(row.split()) == 2)

    def jobs(self):
        """What Slurm knows of each job, by its number."""
        records = self.ask("scontrol", "--oneliner", "--all", "show", "jobs").splitlines()
        fields = [dict(re.findall(r"(\S+?)=(\S*)", record)) for record in records]
        return {job["JobId"]: job for job in fields if "JobId" in job}

    def environment_of(self, job):
        """Variables that the processes of a job were given."""
        lines = (self.folder / f"environment-{job}").read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def start_node(self, name):
        """Start the daemon of a node."""
        (self.folder / f"spool-{name}").mkdir(exist_ok=True)
        self._start(name, "slurmd", "-D", "-N", name)

    def kill(self, name):
        """End a daemon the hard way, as a crash or a power cut does."""
        daemon = self.daemons.pop(name)
        daemon.kill()
        daemon.wait()

    def _start(self, name, *command):
        # The kernel ends the daemon should this process die without saying goodbye.
        with open(self.folder / f"{name}.log", "ab") as log:
            self.daemons[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait(self, what, ready, seconds=60):
        end = time.monotonic() + seconds
        while not ready():
            dead = [name for name, daemon in self.daemons.items() if daemon.poll() is not None]
            if dead or time.monotonic() > end:
                logs = "".join(
                    path.read_text(encoding="utf-8")[-2000:] for path in sorted(self.folder.glob("*.log"))
                )
                raise RuntimeError(f"no {what} after {seconds} s; ended: {dead}\n{logs}")
            time.sleep(0.1)

    def _kill(self):
        for daemon in reversed(self.daemons.values()):
            daemon.send_signal(signal.SIGTERM)
        for daemon in self.daemons.values():
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self.daemons.clear()


def free_ports(*names):
    """A free port for each name."""
    sockets = [socket.socket() for _ in names]
    try:
        for endpoint in sockets:
            endpoint.bind(("127.0.0.1", 0))
        return {name: endpoint.getsockname()[1] for name, endpoint in zip(names, sockets, strict=True)}
    finally:
        for endpoint in sockets:
            endpoint.close()


def main():
    if reason := why_not():
        sys.exit(f"error: {reason}")
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder, Cluster(Path(folder) / "slurm") as cluster:
        sys.exit(subprocess.run(sys.argv[1:] or ["sinfo"], env=cluster.environment).returncode)


if __name__ == "__main__":
    main()
