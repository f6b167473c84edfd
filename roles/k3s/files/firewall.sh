# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Usage: firewall ufw|firewalld|nftables, with one line "PROTOCOL PORTS SOURCE" for each opening on
# standard input; PORTS and SOURCE are - for all. Prints what it adds.
kind=$1
comment='clusterwright.proxmox.k3s'

open_ufw() {
  [ "$protocol" = vrrp ] && return
  set -- allow
  [ "$protocol" = any ] || set -- "$@" proto "$protocol"
  set -- "$@" from "$source" to any
  [ "$ports" = - ] || set -- "$@" port "$(echo "$ports" | tr - :)"
  ufw "$@" comment "$comment" | grep -v -i 'skipping'
  [ "$protocol" != any ] || ufw route allow from "$source" comment "$comment" | grep -v -i 'skipping'
}

open_firewalld() {
  family=ipv4
  case $source in *:*) family=ipv6 ;; esac
  rule="rule family=$family"
  [ "$source" = any ] || rule="$rule source address=$source"
  case $protocol in
    any) ;;
    vrrp) rule="$rule protocol value=vrrp" ;;
    *) rule="$rule port port=$ports protocol=$protocol" ;;
  esac
  firewall-cmd --query-rich-rule="$rule accept" >/dev/null 2>&1 && return
  firewall-cmd --permanent --add-rich-rule="$rule accept" >/dev/null
  firewall-cmd --add-rich-rule="$rule accept" >/dev/null
  echo "$rule"
}

# Chains that drop, as "family table chain"; a rule of another table could not let anything in.
dropping_chains() {
  nft list ruleset | awk '
    $1 == "table" { family = $2; table = $3 }
    $1 == "chain" { chain = $2 }
    /hook (input|forward) / && /policy drop/ { print family, table, chain }'
}

open_nftables() {
  rule=
  case $source in
    any) ;;
    *:*) rule="ip6 saddr $source" ;;
    *) rule="ip saddr $source" ;;
  esac
  case $protocol in
    any) ;;
    vrrp) rule="$rule meta l4proto 112" ;;
    *) rule="$rule $protocol dport $ports" ;;
  esac
  rule="$rule accept comment \"$comment\""
  dropping_chains | while read -r family table chain; do
    nft list chain "$family" "$table" "$chain" | grep -qF -- "$(echo "$rule" | sed 's/^ //')" && continue
    nft "insert rule $family $table $chain $rule" && echo "$family $table $chain: $rule"
  done
}

while read -r protocol ports source; do
  [ "$source" = - ] && source=any
  "open_$kind"
done
