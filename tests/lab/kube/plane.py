# SPDX-License-Identifier: GPL-3.0-or-later
"""Start and end the programs of a control plane."""

from __future__ import annotations

import os
import secrets
import signal
import ssl
import subprocess
import time
import typing as t
import urllib.error
import urllib.request
from pathlib import Path

import yaml

from lab.ports import free_port
from lab.tools.toolbox import ensure

START_SECONDS = 300.0


class ControlPlane:
    """A control plane whose data live in ``folder``; a context manager."""

    def __init__(self, folder: Path, binary: Path | None = None) -> None:
        """Prepare, start nothing; ``binary`` holds the components and is had when not given."""
        self.folder = folder
        self.binary = binary or ensure(["k3s"]).k3s
        self.token = secrets.token_hex(16)
        self.port, self.etcd_port, self.peer_port = free_port(), free_port(), free_port()
        self.kubeconfig = folder / "kubeconfig"
        self._children: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> ControlPlane:
        """Start everything and wait until the API is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        """End everything."""
        self.stop()

    @property
    def address(self) -> str:
        """Return the address of the API."""
        return f"https://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """End the programs, the last one started first."""
        for child in reversed(self._children):
            child.send_signal(signal.SIGKILL)
            child.wait()
        self._children.clear()

    def _start(self) -> None:
        (self.folder / "tokens.csv").write_text(
            f'{self.token},admin,admin,"system:masters"\n', encoding="utf-8"
        )
        key = self.folder / "service-account.key"
        subprocess.run(
            ["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True
        )
        self._run("etcd", *self._etcd())
        api = self._run("kube-apiserver", *self._api_server(key))
        self._wait(api)
        self._write_kubeconfig()
        own = f"--kubeconfig={self.kubeconfig}"
        self._run(
            "kube-controller-manager",
            own,
            f"--service-account-private-key-file={key}",
            f"--root-ca-file={self.folder}/certificates/apiserver.crt",
            "--use-service-account-credentials=false",
            "--leader-elect=false",
            "--controllers=*,-node-lifecycle-controller,-cloud-node-lifecycle-controller",
            f"--secure-port={free_port()}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={self.folder}/certificates",
        )
        self._run(
            "kube-scheduler",
            own,
            "--leader-elect=false",
            f"--secure-port={free_port()}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={self.folder}/certificates",
        )

    def _etcd(self) -> list[str]:
        client = f"http://127.0.0.1:{self.etcd_port}"
        peer = f"http://127.0.0.1:{self.peer_port}"
        return [
            f"--data-dir={self.folder}/etcd",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
        ]

    def _api_server(self, key: Path) -> list[str]:
        return [
            f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
            f"--cert-dir={self.folder}/certificates",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.port}",
            "--authorization-mode=RBAC",
            f"--token-auth-file={self.folder}/tokens.csv",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-cluster-ip-range=10.43.0.0/16",
            "--allow-privileged=true",
        ]

    def _run(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{name}.log").open("wb")
        child = subprocess.Popen(
            [name, *arguments],
            executable=str(self.binary),
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
        )
        log.close()
        self._children.append(child)
        return child

    def _wait(self, api: subprocess.Popen[bytes], timeout_seconds: float = START_SECONDS) -> None:
        end = time.monotonic() + timeout_seconds
        certificate = self.folder / "certificates/apiserver.crt"
        while time.monotonic() < end:
            if api.poll() is not None:
                break
            if certificate.is_file() and self._ready(certificate):
                return
            time.sleep(0.2)
        last = (self.folder / "kube-apiserver.log").read_text(errors="replace")[-2000:]
        raise RuntimeError(f"The API server did not get ready:\n{last}")

    def _ready(self, certificate: Path) -> bool:
        context = ssl.create_default_context(cafile=str(certificate))
        request = urllib.request.Request(  # noqa: S310 (the lab's own address)
            f"{self.address}/readyz", headers={"Authorization": f"Bearer {self.token}"}
        )
        try:
            with urllib.request.urlopen(request, context=context, timeout=10) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def _write_kubeconfig(self) -> None:
        data: dict[str, t.Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "lab",
            "clusters": [
                {
                    "name": "lab",
                    "cluster": {
                        "server": self.address,
                        "certificate-authority": str(self.folder / "certificates/apiserver.crt"),
                    },
                }
            ],
            "users": [{"name": "admin", "user": {"token": self.token}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "admin"}}],
        }
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(yaml.safe_dump(data), encoding="utf-8")
