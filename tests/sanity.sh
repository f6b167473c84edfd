#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Run ansible-test sanity on a copy of the committed and new files, where ansible-test wants it.
set -euo pipefail
cd "$(dirname "$0")/.."

target=build/sanity/ansible_collections/clusterwright/proxmox
rm -rf build/sanity/ansible_collections
mkdir -p "$target"
git ls-files -z --cached --others --exclude-standard -- \
    galaxy.yml meta plugins roles playbooks extensions README.md LICENSE CHANGELOG.md \
    tests/config.yml |
    while IFS= read -r -d '' file; do [[ -e $file ]] && printf '%s\0' "$file"; done |
    xargs -0 cp --parents -t "$target"

# ansible-test makes one environment per test and wants pip from the internet for it; the
# interpreter's own copy does.
export HOME="$PWD/build/sanity/home"
mkdir -p "$HOME/.ansible/test/cache"
cat >"$HOME/.ansible/test/cache/get_pip_24_2.py" <<'EOF'
import subprocess
import sys

subprocess.check_call([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
wanted = [word for word in sys.argv[1:] if not word.startswith("--no-")]
subprocess.check_call([sys.executable, "-m", "pip", "install", *wanted])
EOF

cd "$target"
git init --quiet
git add --all
version=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
ansible-test sanity --local --python "$version" --requirements --color no "$@"
