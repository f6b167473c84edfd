# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Usage: diagnose UNIT FIRST_SERVER ENDPOINT PORT
# Prints why k3s may not run on this host. Anything that looks like a credential is left out.
unit=$1 first=$2 endpoint=$3 port=$4

redact() {
  awk 'BEGIN { getline token <"/etc/rancher/k3s/cluster.token" }
    { while (token != "" && (at = index($0, token)))
        $0 = substr($0, 1, at - 1) "[token]" substr($0, at + length(token)); print }' | sed -E \
    -e 's/K10[0-9a-f]{64}::[^[:space:]"'\'']+/[token]/g' \
    -e 's/((token|password|secret|authorization)[^[:space:]=:]*["'\'']?[=:][[:space:]]*)[^[:space:],}]+/\1[redacted]/Ig'
}

probe() {
  if timeout 3 bash -c "exec 3<>/dev/tcp/$1/$port" 2>/dev/null; then
    echo "$1 port $port answers"
  else
    echo "$1 port $port does not answer; $(ip route get "$1" 2>&1 | head -n 1)"
  fi
}

{
  echo "-- $unit"
  systemctl show --property ActiveState,SubState,Result,ExecMainStatus,NRestarts "$unit.service"
  journalctl --unit "$unit.service" --lines 25 --no-pager --output cat
  echo '-- network'
  ip -brief address
  probe "$first"
  [ "$endpoint" = "$first" ] || probe "$endpoint"
  echo "-- clock $(date --utc +%FT%TZ), free space $(df --output=avail -h /var/lib | tail -n 1)"
} 2>&1 | redact
