#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Python without what names a cluster or its credentials in the environment.
for name in $(env | sed -n 's/^\(K8S_AUTH_[A-Z0-9_]*\|KUBECONFIG\|HELM_KUBE[A-Z0-9_]*\|HELM_NAMESPACE\|HELM_DRIVER[A-Z0-9_]*\|HELM_DEBUG\|HELM_MAX_HISTORY\)=.*/\1/p'); do
  unset "$name"
done
exec "${CLUSTERWRIGHT_PYTHON:-python3}" "$@"
