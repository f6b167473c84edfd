# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Usage: reset --check|--remove VIP DATA_DIR BINARY POD_CIDR,…
# Prints what is left of k3s, one thing a line, and with --remove removes it. Ends with 1 when
# something is left in spite of that.
mode=$1 vip=$2 data=$3 binary=$4 pods=$5
firewall_unit=/etc/systemd/system/clusterwright-k3s-firewall.service
marker='Ansible role clusterwright.proxmox.k3s'

units() {
  find /etc/systemd/system -maxdepth 1 \( -name 'k3s.service' -o -name 'k3s-agent.service' \) 2>/dev/null
}

files() {
  for path in $(units) /etc/systemd/system/k3s.service.env /etc/systemd/system/k3s-agent.service.env \
    "$binary" "$binary.new" "$binary.previous" /run/systemd/system/k3s.service.d \
    /run/systemd/system/k3s-agent.service.d /etc/rancher/k3s /etc/rancher/node "$data" /run/k3s /run/flannel \
    /var/lib/kubelet /var/lib/cni /etc/sysctl.d/90-k3s.conf /etc/keepalived/check-k3s-api "$firewall_unit"; do
    if mountpoint --quiet "$path" 2>/dev/null; then
      [ -z "$(ls -A "$path")" ] || echo "$path"
    elif [ -e "$path" ]; then
      echo "$path"
    fi
  done
  grep -lsF "$marker" /etc/keepalived/keepalived.conf
}

mounts() {
  awk '{ print $2 }' /proc/self/mounts \
    | grep -E '^(/run/k3s|/var/lib/kubelet/(pods|plugins)|/run/netns/cni-)' | sort -r
}

links() {
  ip -o link show | awk -F': ' '{ sub(/@.*/, "", $2); print $2 }' \
    | grep -xE 'cni0|flannel\.1|flannel-v6\.1|flannel-wg|flannel-wg-v6|kube-ipvs0|cilium_(host|net|vxlan)'
  ip -o link show master cni0 2>/dev/null | awk -F': ' '{ sub(/@.*/, "", $2); print $2 }'
}

addresses() {
  [ -z "$vip" ] || ip -o address show to "$vip" | awk '{ print $2, $4 }'
}

# Ways to the pods of other nodes, which some networks leave behind.
routes() {
  for network in $(echo "$pods" | tr , ' '); do
    case $network in *:*) family=-6 ;; *) family=-4 ;; esac
    ip "$family" route show root "$network" | awk -v family="$family" '/ via / { print family, $1 }'
  done
}

rules() {
  for command in iptables ip6tables; do
    "$command-save" 2>/dev/null | grep -qE 'KUBE-|CNI-|flannel' && echo "rules of $command"
  done
}

processes() {
  for shim in "$data"/data/*/bin/containerd-shim* /usr/bin/containerd-shim*; do
    [ -x "$shim" ] && pgrep -f "^$shim .*(/run/k3s/|k8s[.]io)"
  done
}

left() {
  { files; mounts; links; addresses; routes | sed 's/^/route /'; rules; processes | sed 's/^/process /'; } 2>/dev/null | sort -u
}

kill_tree() {
  for child in $(pgrep -P "$1"); do kill_tree "$child"; done
  kill -9 "$1" 2>/dev/null
}

remove() {
  if grep -qsF "$marker" /etc/keepalived/keepalived.conf; then
    systemctl disable --now keepalived.service
    rm -f /etc/keepalived/keepalived.conf /etc/keepalived/check-k3s-api
  fi
  [ ! -x /etc/rancher/k3s/open-firewall ] || /etc/rancher/k3s/open-firewall --close
  [ ! -e "$firewall_unit" ] || systemctl disable --now "$(basename "$firewall_unit")"
  for path in $(units); do
    systemctl disable --now "$(basename "$path")"
    systemctl reset-failed "$(basename "$path")"
  done
  for process in $(processes); do kill_tree "$process"; done
  for path in $(mounts); do umount -l "$path"; done
  ip netns list 2>/dev/null | awk '/^cni-/ { print $1 }' | xargs -r -n 1 ip netns delete
  for link in $(links); do ip link delete "$link"; done
  addresses | while read -r link address; do ip address delete "$address" dev "$link"; done
  routes | while read -r family route; do ip "$family" route delete "$route"; done
  for command in iptables ip6tables; do
    command -v "$command-save" >/dev/null || continue
    "$command-save" | grep -vE 'KUBE-|CNI-|flannel' | "$command-restore"
  done
  for path in $(files); do
    if mountpoint --quiet "$path"; then
      find "$path" -mindepth 1 -xdev -delete
    else
      rm -rf --one-file-system "$path"
    fi
  done
  rmdir /etc/rancher /var/lib/rancher 2>/dev/null
  systemctl daemon-reload
}

left
if [ "$mode" = --remove ]; then
  remove >/dev/null 2>&1
  rest=$(left)
  if [ -n "$rest" ]; then
    echo "Still there: $rest" >&2
    exit 1
  fi
fi
