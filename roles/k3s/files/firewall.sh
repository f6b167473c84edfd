#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Written by the Ansible role clusterwright.proxmox.k3s
# Usage: open-firewall [--close]
# Lets in what firewall.openings beside this file lists, one line "PROTOCOL PORTS SOURCE" for each
# opening (PORTS and SOURCE are - for all), takes back what only firewall.openings.before lists, and
# prints what it changes. With --close it takes everything back.
folder=${0%/*}
openings=$folder/firewall.openings
before=$folder/firewall.openings.before
kind=$(sed -n 's/^# firewall: //p' "$openings")
mark='clusterwright.proxmox.k3s'
# Of firewalld: a zone for pods and services, and the policy that lets forwarded packets reach them.
zone=clusterwright-k3s
policy=clusterwright-fwd

# Arguments of ufw for one opening. Releases before 0.36.2 know no vrrp: there everything comes in
# from the other servers.
ufw_words() {
  [ "$protocol" = any ] || echo proto "$protocol"
  echo from "$source" to any
  [ "$ports" = - ] || echo port "$(echo "$ports" | tr - :)"
}

open_ufw() {
  # shellcheck disable=SC2046
  said=$(ufw allow $(ufw_words) comment "$mark") || [ "$protocol" != vrrp ] \
    || said=$(ufw allow from "$source" comment "$mark")
  echo "$said" | grep -v -i skipping
  [ "$protocol" = any ] || return
  ufw route allow from "$source" comment "$mark" | grep -v -i skipping
  ufw route allow to "$source" comment "$mark" | grep -v -i skipping
}

close_ufw() {
  # shellcheck disable=SC2046
  ufw delete allow $(ufw_words)
  [ "$protocol" != vrrp ] || ufw delete allow from "$source"
  [ "$protocol" = any ] || return
  ufw route delete allow from "$source"
  ufw route delete allow to "$source"
}

prepare_firewalld() {
  firewall-cmd --permanent --get-zones | grep -qw "$zone" && return
  firewall-cmd --permanent --new-zone="$zone"
  firewall-cmd --permanent --zone="$zone" --set-target=ACCEPT
  firewall-cmd --permanent --new-policy="$policy"
  for setting in --set-target=ACCEPT --add-ingress-zone=ANY --add-egress-zone="$zone"; do
    firewall-cmd --permanent --policy="$policy" "$setting"
  done
  firewall-cmd --reload
}

remove_firewalld() {
  firewall-cmd --permanent --get-zones | grep -qw "$zone" || return
  firewall-cmd --permanent --delete-policy="$policy"
  firewall-cmd --permanent --delete-zone="$zone"
  firewall-cmd --reload
}

firewalld_rule() {
  case $source in
    any) printf 'rule' ;;
    *:*) printf 'rule family=ipv6 source address=%s' "$source" ;;
    *) printf 'rule family=ipv4 source address=%s' "$source" ;;
  esac
  case $protocol in
    vrrp) printf ' protocol value=vrrp' ;;
    *) printf ' port port=%s protocol=%s' "$ports" "$protocol" ;;
  esac
  printf ' accept'
}

# Does one thing to an opening, permanently and now: add, remove or query.
firewalld() {
  if [ "$protocol" = any ]; then
    set -- "$1" "--$1-source=$source" --zone="$zone"
  else
    set -- "$1" "--$1-rich-rule=$(firewalld_rule)"
  fi
  verb=$1
  shift
  [ "$verb" = query ] || firewall-cmd --permanent "$@"
  firewall-cmd "$@"
}

open_firewalld() {
  firewalld query >/dev/null 2>&1 && return
  firewalld add >/dev/null
  echo "$protocol $ports $source"
}

close_firewalld() {
  firewalld remove >/dev/null
  echo "no more: $protocol $ports $source"
}

# Chains that drop, as "family table chain hook"; a rule of another table could not let anything in.
dropping_chains() {
  nft list ruleset | awk '
    $1 == "table" { family = $2; table = $3 }
    $1 == "chain" { chain = $2 }
    /hook (input|forward) / && /policy drop/ { print family, table, chain, /hook forward / ? "forward" : "input" }'
}

# What nft matches, for the packets that come from the source (saddr) or go to it (daddr).
nft_match() {
  case $source in
    any) ;;
    *:*) printf 'ip6 %s %s ' "$1" "$source" ;;
    *) printf 'ip %s %s ' "$1" "$source" ;;
  esac
  case $protocol in
    any) ;;
    vrrp) printf 'meta l4proto 112 ' ;;
    *) printf '%s dport %s ' "$protocol" "$ports" ;;
  esac
}

open_nftables() {
  dropping_chains | while read -r family table chain hook; do
    for side in saddr daddr; do
      [ "$side" = saddr ] || [ "$protocol $hook" = 'any forward' ] || continue
      comment="$mark $protocol $ports $source $side"
      nft list chain "$family" "$table" "$chain" | grep -qF "\"$comment\"" && continue
      nft "insert rule $family $table $chain $(nft_match $side) accept comment \"$comment\"" \
        && echo "$family $table $chain: $comment"
    done
  done
}

close_nftables() {
  dropping_chains | while read -r family table chain _hook; do
    nft -a list chain "$family" "$table" "$chain" \
      | grep -F "\"$mark $protocol $ports $source " | awk '{ print $NF }' \
      | while read -r handle; do nft delete rule "$family" "$table" "$chain" handle "$handle"; done
  done
  echo "no more: $protocol $ports $source"
}

each() {
  grep -v '^#' | while read -r protocol ports source; do
    [ "$source" = - ] && source=any
    "$1_$kind"
  done
}

if [ "$1" = --close ]; then
  each close <"$openings"
  [ "$kind" != firewalld ] || remove_firewalld >/dev/null
  exit 0
fi
[ "$kind" != firewalld ] || prepare_firewalld >/dev/null
each open <"$openings"
if [ -e "$before" ]; then
  grep -vxFf "$openings" "$before" | each close
  rm -f "$before"
fi
