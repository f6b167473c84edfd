#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What cloud-init does with the guest's network configuration.
set -eu
. /usr/lib/clusterwright-lab/network.env

ip link set lo up
if [ -e /sys/class/net/host0 ]; then
  ip link set host0 down
  ip link set host0 address "$MAC" name eth0
fi
ip link set eth0 up
[ -z "$ADDRESS" ] || ip address replace "$ADDRESS" dev eth0
[ -z "$GATEWAY" ] || ip route replace default via "$GATEWAY"
