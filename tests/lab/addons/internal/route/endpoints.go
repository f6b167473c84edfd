// SPDX-License-Identifier: GPL-3.0-or-later

package route

import (
	"net"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// Endpoints returns the addresses, host:port, of the ready pods behind a port of a service.
func Endpoints(
	service *corev1.Service, slices []*discoveryv1.EndpointSlice, wanted networkingv1.ServiceBackendPort,
) []string {
	name, known := portName(service, wanted)
	if !known {
		return nil
	}
	var found []string
	for _, slice := range slices {
		if slice.Namespace != service.Namespace || slice.Labels[discoveryv1.LabelServiceName] != service.Name {
			continue
		}
		for _, port := range slice.Ports {
			if port.Port == nil || port.Name == nil || *port.Name != name {
				continue
			}
			for _, endpoint := range slice.Endpoints {
				if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready {
					found = append(found, net.JoinHostPort(endpoint.Addresses[0], strconv.Itoa(int(*port.Port))))
				}
			}
		}
	}
	return found
}

// portName is how the slices call the port that a rule names or numbers.
func portName(service *corev1.Service, wanted networkingv1.ServiceBackendPort) (string, bool) {
	for _, port := range service.Spec.Ports {
		if wanted.Name != "" && port.Name == wanted.Name || wanted.Name == "" && port.Port == wanted.Number {
			return port.Name, true
		}
	}
	return "", false
}
