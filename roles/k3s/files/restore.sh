# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Usage: restore BINARY SNAPSHOT
# Makes etcd of this server anew from a snapshot, a path or a name in S3.
binary=$1 snapshot=$2
config=/run/clusterwright-restore.yaml

umask 077
grep -v '^server:' /etc/rancher/k3s/config.yaml >"$config"
case $snapshot in
  /*) set -- --etcd-s3=false ;;
  *) set -- ;;
esac
K3S_CONFIG_FILE=$config "$binary" server --cluster-reset --cluster-reset-restore-path="$snapshot" "$@" 2>&1
code=$?
rm -f "$config"
exit $code
