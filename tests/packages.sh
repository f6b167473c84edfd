#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Bring what the checks need of the system: a PostgreSQL server, Prometheus, Alertmanager, Chromium and Java.
set -euo pipefail

packages=()
if ! command -v initdb >/dev/null && ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
    packages+=(postgresql)
fi
command -v promtool >/dev/null || packages+=(prometheus)
if ! command -v chromium-headless-shell >/dev/null && ! command -v chromium >/dev/null; then
    packages+=(chromium-headless-shell)
fi
command -v prometheus-alertmanager >/dev/null || packages+=(prometheus-alertmanager)
command -v java >/dev/null || packages+=(default-jre-headless)
((${#packages[@]})) || exit 0
if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
    echo "The checks need these Debian packages or their like, install them: ${packages[*]}." >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
umask 022 # maintainer scripts write /etc/passwd, which everybody has to read
apt-get update -q
apt-get install -q -y --no-install-recommends "${packages[@]}"
