#!/usr/bin/env bash
# Install Debian's Slurm without starting it: controller, node daemon, clients, authentication.
set -euo pipefail

packages=(slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge)
if dpkg-query --show --showformat '${db:Status-Status}\n' "${packages[@]}" 2>/dev/null |
    awk '$0 == "installed" { n++ } END { exit n != 5 }'; then
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Slurm is installed by root on Debian only" >&2
    exit 1
fi

# Packages start their daemons unless this says no. One that is there already stays.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
lock=(-o DPkg::Lock::Timeout=300)
apt-get "${lock[@]}" update -qq
DEBIAN_FRONTEND=noninteractive apt-get "${lock[@]}" install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
