#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Before anything else starts: make the container look and behave like a virtual machine.
set -eu
lab=/usr/lib/clusterwright-lab

# Controllers of cgroup v1 arrive read-only; the kubelet and containerd write there.
for target in $(findmnt -rno TARGET -t cgroup,cgroup2); do
  mount -o remount,rw,bind "$target"
done
mount --make-rshared /

# The virtual machine's own size, not that of the machine under it.
mount --bind $lab/view/meminfo /proc/meminfo
mount --bind $lab/view/cpuinfo /proc/cpuinfo
mount --bind $lab/view/cpu /sys/devices/system/cpu
if [ -d /sys/devices/system/node ]; then
  mount --bind $lab/view/node /sys/devices/system/node
fi

# Kernel settings that are not per container: writable here as files of the host's own, which begin
# with the real value; the machine's stay untouched.
grep -v '^#' $lab/sysctls | while read -r key; do
  [ -r "/proc/sys/$key" ] || continue
  file=/run/clusterwright-lab/sysctl/$key
  mkdir -p "${file%/*}"
  cat "/proc/sys/$key" > "$file"
  mount --bind "$file" "/proc/sys/$key"
done

# Built into the kernel or not there at all: what is built in, modprobe may say so.
modules=/lib/modules/$(uname -r)
if [ ! -e "$modules" ]; then
  mkdir -p "$modules"
  grep -v '^#' $lab/modules | while read -r name probe; do
    # shellcheck disable=SC2086 # a command with its arguments
    if $probe; then echo "kernel/$name.ko"; fi
  done > "$modules/modules.builtin"
  : > "$modules/modules.order"
  depmod
fi
