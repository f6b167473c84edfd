#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Bring the servers that integration tests start: PostgreSQL.
set -euo pipefail

if command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
    exit 0
fi
if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
    echo "The integration tests need a PostgreSQL server: install it (Debian package postgresql)." >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends postgresql
