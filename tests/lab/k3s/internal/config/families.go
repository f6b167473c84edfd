// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
)

// NodeIP is the address of the node in the first IP version.
func (c *Config) NodeIP() string { return c.NodeIPs[0] }

// IsIPv6 tells the IP version of an address or network.
func IsIPv6(text string) bool { return strings.Contains(text, ":") }

// checkFamilies refuses networks and addresses of different IP versions, as k3s does, and returns
// the tenth address of each service network.
func checkFamilies(config *Config) ([]string, error) {
	tenths, err := Addresses(config.ServiceCIDR, 10)
	if err != nil {
		return nil, fmt.Errorf("invalid service-cidr: %w", err)
	}
	pods, err := Addresses(config.ClusterCIDR, 1)
	if err != nil {
		return nil, fmt.Errorf("invalid cluster-cidr: %w", err)
	}
	if !sameFamilies(pods, tenths) {
		return nil, fmt.Errorf("cluster-cidr: %s and service-cidr: %s, must share the same IP version",
			config.ClusterCIDR, config.ServiceCIDR)
	}
	if len(config.NodeIPs) < len(pods) || !sameFamilies(pods, config.NodeIPs[:len(pods)]) {
		return nil, fmt.Errorf("cluster-cidr: %s and node-ip: %s, must share the same IP version",
			config.ClusterCIDR, strings.Join(config.NodeIPs, ","))
	}
	return tenths, nil
}

func sameFamilies(one, other []string) bool {
	return slices.EqualFunc(one, other, func(a, b string) bool { return IsIPv6(a) == IsIPv6(b) })
}

// Addresses are those with the given offset in each of the networks, which have commas between them.
func Addresses(cidrs string, offset int64) ([]string, error) {
	var found []string
	for _, cidr := range strings.Split(cidrs, ",") {
		_, network, err := net.ParseCIDR(cidr)
		if err != nil {
			return nil, err
		}
		number := new(big.Int).SetBytes(network.IP)
		number.Add(number, big.NewInt(offset))
		found = append(found, net.IP(number.FillBytes(make([]byte, len(network.IP)))).String())
	}
	return found, nil
}
