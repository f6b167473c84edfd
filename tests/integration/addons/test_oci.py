# SPDX-License-Identifier: GPL-3.0-or-later
"""A chart of an OCI registry, fetched by real helm over TLS from a registry on the loopback."""

from __future__ import annotations

import hashlib
import http.server
import json
import ssl
import subprocess
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._helm.chart import (
    Chart,
    digest_of,
    fetch,
    version_of,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._helm.errors import HelmError
from lab.pve.certificates import make_certificates
from lab.tools.toolbox import ensure

CONFIG = "application/vnd.cncf.helm.config.v1+json"
CONTENT = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def described(blob: bytes, kind: str) -> dict[str, t.Any]:
    digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
    return {"mediaType": kind, "digest": digest, "size": len(blob)}


def answers(name: str, version: str, archive: bytes) -> dict[str, tuple[str, bytes]]:
    """Return what the registry says at each path (OCI distribution specification 1.1)."""
    config = json.dumps({"name": name, "version": version, "apiVersion": "v2"}).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "config": described(config, CONFIG),
            "layers": [described(archive, CONTENT)],
        }
    ).encode()
    base, found = f"/v2/charts/{name}", {"/v2/": ("application/json", b"{}")}
    for reference in (version, described(manifest, MANIFEST)["digest"]):
        found[f"{base}/manifests/{reference}"] = (MANIFEST, manifest)
    for blob in (config, archive):
        found[f"{base}/blobs/{described(blob, '')['digest']}"] = ("application/octet-stream", blob)
    return found


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[tuple[str, Path]]:
    """The address of a registry that holds the chart web 1.2.3, and its archive."""
    helm = str(ensure(["helm"]).helm)
    subprocess.run([helm, "create", "web"], cwd=tmp_path, check=True, capture_output=True)
    package = [helm, "package", "web", "--version", "1.2.3"]
    subprocess.run(package, cwd=tmp_path, check=True, capture_output=True)
    archive = tmp_path / "web-1.2.3.tgz"
    known = answers("web", "1.2.3", archive.read_bytes())

    class Registry(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            kind, body = known.get(self.path, ("application/json", b'{"errors": []}'))
            self.send_response(200 if self.path in known else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Docker-Content-Digest", described(body, "")["digest"])
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_arguments: object) -> None:
            """Keep silent."""

    made = make_certificates(tmp_path, ("127.0.0.1",))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate_file, made.key_file)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("SSL_CERT_FILE", str(made.ca_file))
    yield f"oci://127.0.0.1:{server.server_address[1]}/charts", archive
    server.shutdown()
    server.server_close()


def test_a_chart_of_a_registry_is_the_pinned_one(
    tmp_path: Path, registry: tuple[str, Path]
) -> None:
    helm = str(ensure(["helm"]).helm)
    address, archive = registry
    chart = Chart("web", "1.2.3", address, digest_of(archive))
    found = fetch(chart, helm, "", str(tmp_path / "cache"))
    assert (digest_of(found), version_of(found)) == (digest_of(archive), "1.2.3")
    with pytest.raises(HelmError, match=r"has the checksum .* instead of 0000"):
        fetch(chart._replace(sha256="0" * 64), helm, "", str(tmp_path / "other"))
    with pytest.raises(HelmError, match=r"web 1\.2\.4"):
        fetch(chart._replace(version="1.2.4"), helm, "", str(tmp_path / "cache"))
