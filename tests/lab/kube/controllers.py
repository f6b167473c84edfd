# SPDX-License-Identifier: GPL-3.0-or-later
"""Do what the controllers of the lab's charts would: ``runtime`` in ``charts/stand_ins.yml``."""

from __future__ import annotations

import base64
import subprocess
import tempfile
import typing as t
from pathlib import Path

from kubernetes import client, utils
from kubernetes.client.exceptions import ApiException

from lab.charts import plural, runtimes

Data = dict[str, t.Any]


def _is(status: int, error: ApiException) -> bool:
    return bool(error.status == status)


class Controllers:
    """Each works as long as the Deployment that would be it exists."""

    def __init__(self, api: t.Any) -> None:
        """Take an API client of the cluster."""
        self._api = api
        self._apps: t.Any = client.AppsV1Api(api)
        self._core: t.Any = client.CoreV1Api(api)
        self._networking: t.Any = client.NetworkingV1Api(api)
        self._custom: t.Any = client.CustomObjectsApi(api)
        self._runtimes = {runtime.workload: runtime for runtime in runtimes()}
        self._begun: set[str] = set()
        self._pair: Data = {}

    def work(self) -> None:
        """Do once what is to do now."""
        for deployment in self._apps.list_deployment_for_all_namespaces().items:
            metadata = deployment.metadata
            runtime = self._runtimes.get(metadata.name)
            if runtime is None or metadata.deletion_timestamp:
                continue
            if metadata.uid not in self._begun:
                self._begun.add(metadata.uid)
                for item in runtime.makes:
                    self._create(item, metadata.namespace)
            for report in runtime.reports:
                self._report(report)
            if runtime.signs:
                self._sign()

    def _create(self, item: Data, namespace: str) -> None:
        group, _slash, version = item["apiVersion"].rpartition("/")
        try:
            if "." in group and not group.endswith(".k8s.io"):
                self._custom.create_namespaced_custom_object(
                    group, version, namespace, plural(item), item
                )
            else:
                make: t.Any = utils.create_from_dict
                make(self._api, item, namespace=namespace)
        except ApiException as error:
            if not _is(409, error):
                raise
        except utils.FailToCreateError as error:
            if not all(_is(409, each) for each in error.api_exceptions):
                raise

    def _objects(self, kind: Data) -> list[Data]:
        try:
            found = self._custom.list_cluster_custom_object(
                kind["group"], kind["version"], plural(kind)
            )
        except ApiException as error:
            if _is(404, error):
                return []
            raise
        return list(found["items"])

    def _report(self, report: Data) -> None:
        where = (report["group"], report["version"])
        for item in self._objects(report):
            if (item.get("status") or {}).items() >= report["status"].items():
                continue
            name, namespace = item["metadata"]["name"], item["metadata"].get("namespace")
            body = {"status": report["status"]}
            if namespace:
                self._custom.patch_namespaced_custom_object_status(
                    *where, namespace, plural(report), name, body
                )
            else:
                self._custom.patch_cluster_custom_object_status(*where, plural(report), name, body)

    def _sign(self) -> None:
        """Make the secrets that certificates and ingresses ask for."""
        kind = {"group": "cert-manager.io", "version": "v1", "kind": "Certificate"}
        wanted = {
            (item["metadata"]["namespace"], item["spec"]["secretName"])
            for item in self._objects(kind)
        }
        for ingress in self._networking.list_ingress_for_all_namespaces().items:
            where = ingress.metadata.namespace
            wanted |= {(where, tls.secret_name) for tls in ingress.spec.tls or ()}
        there = {
            (secret.metadata.namespace, secret.metadata.name)
            for secret in self._core.list_secret_for_all_namespaces(
                field_selector="type=kubernetes.io/tls"
            ).items
        }
        for namespace, name in wanted - there:
            body = {"metadata": {"name": name}, "type": "kubernetes.io/tls", "data": self._signed()}
            self._core.create_namespaced_secret(namespace, body)

    def _signed(self) -> Data:
        if not self._pair:
            with tempfile.TemporaryDirectory() as folder:
                key, certificate = Path(folder, "tls.key"), Path(folder, "tls.crt")
                command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes"]
                command += ["-days", "90", "-subj", "/CN=lab", "-keyout", str(key)]
                subprocess.run(
                    [*command, "-out", str(certificate)], check=True, capture_output=True
                )
                self._pair = {
                    path.name: base64.b64encode(path.read_bytes()).decode()
                    for path in (key, certificate)
                }
        return self._pair
