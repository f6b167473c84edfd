# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster by the kubernetes library: one kubeconfig, one context, nothing of the environment."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.errors import (
    ApiError,
)

Data = dict[str, t.Any]
#: What the libraries and helm would take from the environment of the caller.
AMBIENT = ("K8S_AUTH_", "HELM_KUBE", "KUBECONFIG", "HELM_NAMESPACE", "HELM_DRIVER", "HELM_DEBUG")
#: Options of every module that talks to a cluster.
SPEC: dict[str, t.Any] = {
    "kubeconfig": {"type": "path", "required": True},
    "context": {"type": "str", "default": ""},
}


def closed_environment() -> dict[str, str]:
    """Return the environment without what names a cluster or its credentials."""
    return {name: value for name, value in os.environ.items() if not name.startswith(AMBIENT)}


class Cluster:
    """Plain JSON data in and out; every failure is an ``ApiError`` of one sentence."""

    def __init__(
        self, kubeconfig: str, context: str = "", *, server: str = "", timeout_seconds: int = 10
    ) -> None:
        """Read the kubeconfig; with ``server`` that address is asked with its credentials.

        Certificates are always verified, so that an answer proves the address to be in the
        certificate.

        Raises:
            ApiError: the Python package kubernetes is missing or the kubeconfig cannot be used.
        """
        try:
            from kubernetes.client import ApiClient, Configuration
            from kubernetes.config import (
                ConfigException,
                list_kube_config_contexts,
                load_kube_config,
            )
            from yaml import YAMLError
        except ImportError as error:
            raise ApiError(
                f"The Python package kubernetes is missing on the controller ({error});"
                " install it with pip install kubernetes."
            ) from error
        load: t.Any = load_kube_config
        listed: t.Any = list_kube_config_contexts
        configuration = Configuration()
        try:
            self.context = context or str(listed(config_file=kubeconfig)[1]["name"])
            load(
                config_file=kubeconfig,
                context=self.context,
                client_configuration=configuration,
                persist_config=False,
            )
        except (ConfigException, OSError, ValueError, TypeError, YAMLError) as error:
            why = " ".join(str(error).split())
            raise ApiError(f"The kubeconfig {kubeconfig} cannot be used: {why}") from error
        configuration.retries = False
        if server:
            configuration.host = server
        self.host = configuration.host
        self.timeout_seconds = timeout_seconds
        self._api: t.Any = ApiClient(configuration)
        self._dynamic: t.Any = None
        self._cache = tempfile.TemporaryDirectory(prefix="clusterwright-")

    def client_certificate(self) -> str:
        """Return the kubeconfig's own certificate, PEM; empty where it holds a token."""
        file = self._api.configuration.cert_file
        return Path(file).read_text(encoding="utf-8") if file else ""

    def text(self, path: str) -> str:
        """Return the answer to a GET of any path, such as /readyz or a service's proxy."""
        with self._translated(path):
            answer = self._api.call_api(
                "GET",
                self.host + path,
                {"Accept": "*/*", **self._authorization()},
                _request_timeout=self.timeout_seconds,
            )
            answer.read()
            status = answer.status
            said = (answer.data or b"").decode("utf-8", errors="replace")
        if status >= 400:
            raise ApiError(f"{self.host}{path} was answered with {status}: {said[:200]}", status)
        return said

    def proxy(self, namespace: str, service: str, port: int, path: str) -> str:
        """Return the answer of a service that speaks HTTP, by way of the API server."""
        return self.text(
            f"/api/v1/namespaces/{namespace}/services/http:{service}:{port}/proxy{path}"
        )

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str = "",
        *,
        selector: str = "",
        fields: str = "",
    ) -> list[Data]:
        """Return all objects of a kind, an empty list where the cluster does not know it."""
        named = {"label_selector": selector, "field_selector": fields, "namespace": namespace}
        with self._translated(f"{kind} in {namespace or 'all namespaces'}"):
            resource = self._resource(api_version, kind)
            if resource is None:
                return []
            found = resource.get(**self._named(named)).to_dict()
        return [{"apiVersion": api_version, "kind": kind, **item} for item in found["items"]]

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Data | None:
        """Return one object, None where there is none or the cluster does not know its kind."""
        try:
            with self._translated(f"{kind} {name}"):
                resource = self._resource(api_version, kind)
                if resource is None:
                    return None
                where = namespace if resource.namespaced else ""
                found: Data = resource.get(
                    **self._named({"name": name, "namespace": where})
                ).to_dict()
                return found
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def create(self, body: Data, namespace: str = "") -> Data:
        """Create an object and return it."""
        kind = body["kind"]
        with self._translated(f"creating {kind}"):
            resource = self._resource(body["apiVersion"], kind)
            if resource is None:
                raise ApiError(f"The cluster does not know {kind} ({body['apiVersion']}).")
            made: Data = resource.create(
                **self._named({"body": body, "namespace": namespace})
            ).to_dict()
            return made

    def delete(self, api_version: str, kind: str, name: str, namespace: str = "") -> None:
        """Delete an object; one that is not there is fine."""
        with contextlib.suppress(_Gone), self._translated(f"deleting {kind} {name}", gone=True):
            resource = self._resource(api_version, kind)
            if resource is not None:
                resource.delete(**self._named({"name": name, "namespace": namespace}))

    def can(self, user: str, verb: str, resource: str, group: str = "") -> bool:
        """Return whether a user (or service account) may do something everywhere."""
        attributes = {"verb": verb, "resource": resource, "group": group}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "resourceAttributes": attributes},
        }
        return bool(self.create(body)["status"]["allowed"])

    def version(self) -> str:
        """Return the version of Kubernetes, such as v1.34.12+k3s1."""
        return str(json.loads(self.text("/version"))["gitVersion"])

    def groups(self) -> set[str]:
        """Return the API groups that the cluster serves."""
        answer = json.loads(self.text("/apis"))
        return {item["name"] for item in answer.get("groups", [])}

    def _named(self, named: Data) -> Data:
        kept = {key: value for key, value in named.items() if value not in ("", None)}
        return {**kept, "_request_timeout": self.timeout_seconds}

    def _authorization(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        self._api.update_params_for_auth(headers, [], ["BearerToken"], "", "GET", None)
        return headers

    def _resource(self, api_version: str, kind: str) -> t.Any:
        from kubernetes.dynamic import DynamicClient
        from kubernetes.dynamic.exceptions import ResourceNotFoundError

        make: t.Any = DynamicClient
        if self._dynamic is None:
            self._dynamic = make(self._api, cache_file=f"{self._cache.name}/discovery.json")
        try:
            return self._dynamic.resources.get(api_version=api_version, kind=kind)
        except ResourceNotFoundError:
            return None

    @contextlib.contextmanager
    def _translated(self, what: str, *, gone: bool = False) -> t.Iterator[None]:
        """Raise what the library raises as ``ApiError``."""
        from kubernetes.client.exceptions import ApiException
        from kubernetes.dynamic.exceptions import DynamicApiError
        from urllib3.exceptions import HTTPError

        try:
            yield
        except (ApiException, DynamicApiError) as error:
            status = int(error.status or 0)
            if gone and status == 404:
                raise _Gone from error
            raise ApiError(
                f"{self.host} answered {what} with {status}: {_message(error)}", status
            ) from error
        except (HTTPError, OSError) as error:
            raise ApiError(f"{self.host} does not answer: {error}") from error


class _Gone(Exception):
    """What was to be deleted is not there."""


def _message(error: t.Any) -> str:
    body = error.body.decode() if isinstance(error.body, bytes) else str(error.body or "")
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return " ".join((body or str(error.reason or "")).split())[:200]


def quantity(text: str) -> float:
    """Return a Kubernetes quantity as a number: ``1500m`` is 1.5, ``1Ki`` is 1024."""
    from kubernetes.utils.quantity import parse_quantity

    parse: t.Any = parse_quantity
    return float(parse(text))
