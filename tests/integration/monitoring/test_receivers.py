# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is told of alerts: the role keeps it, a real Alertmanager tells each kind of receiver."""

from __future__ import annotations

import base64
import email
import email.policy
import json
import queue
import socketserver
import subprocess
import threading
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue import load_catalogue
from integration.monitoring.place import alertmanager, post, program, served
from lab.kube import ControlPlane
from lab.tools.toolbox import ensure
from unit.roles.playbook import run_role

Data = dict[str, t.Any]
ALERT = {
    "labels": {"alertname": "EtcdNoQuorum", "severity": "critical", "cluster": "demo"},
    "annotations": {"summary": "etcd has no majority.", "mend": "Bring servers back."},
}
KINDS = load_catalogue().entries["prometheus"].settings["receivers"].parts["type"].choices


class Mailbox(socketserver.StreamRequestHandler):
    """Takes one mail and who logged in."""

    got: queue.Queue[tuple[str, str]] = queue.Queue()

    def handle(self) -> None:
        login, mail = "", ""
        self._say("220 mail.example.org")
        for raw in self.rfile:
            word, _space, rest = raw.decode().strip().partition(" ")
            if word == "EHLO":
                self._say("250-mail.example.org")
                self._say("250 AUTH PLAIN")
            elif word == "AUTH":
                login = base64.b64decode(rest.split()[1]).decode()
                self._say("235 fine")
            elif word == "DATA":
                self._say("354 go on")
                mail = "".join(line.decode() for line in iter(self.rfile.readline, b".\r\n"))
                self._say("250 taken")
                self.got.put((login, mail))
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, t.Any]]:
    """The configuration that the role keeps, and what came to each kind of receiver."""
    folder = tmp_path_factory.mktemp("receivers")
    posted: queue.Queue[tuple[str, Data, str]] = queue.Queue()

    def answer(path: str, body: bytes, headers: t.Mapping[str, str]) -> str:
        posted.put((path.strip("/"), json.loads(body), headers.get("Authorization", "")))
        return "ok"

    mail = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox)
    threading.Thread(target=mail.serve_forever, daemon=True).start()
    with served(answer) as web, ControlPlane(folder / "plane") as plane:
        receivers = [
            {"name": "chat", "type": "slack", "channel": "#ops"},
            {"name": "hook", "type": "webhook", "url": f"http://{web}/webhook"},
            {
                "name": "post",
                "type": "mail",
                "to": "ops@example.org",
                "from": "alerts@example.org",
                "smarthost": f"127.0.0.1:{mail.server_address[1]}",
            },
            {
                "name": "relay",
                "type": "mail",
                "to": "boss@example.org",
                "from": "alerts@example.org",
                "smarthost": f"127.0.0.1:{mail.server_address[1]}",
                "tls": False,
            },
        ]
        secrets = {"chat": f"http://{web}/slack", "hook": "a-token", "post": "a-password"}
        code, output, _none = run_role(
            folder,
            "prometheus",
            "none",
            "configure",
            addons_kubeconfig=str(plane.kubeconfig),
            addons_secrets={"prometheus": secrets},
            __addons_release={"settings": {"receivers": receivers}, "namespace_labels": {}},
        )
        assert code == 0, output
        assert not any(secret in output for secret in secrets.values()), "a secret was shown"
        kubectl = [str(ensure(["kubectl"]).kubectl), "--kubeconfig", str(plane.kubeconfig)]
        get = ["-n", "monitoring", "get", "secret", "alertmanager-clusterwright", "-o", "json"]
        kept = subprocess.run([*kubectl, *get], capture_output=True, check=True).stdout
        text = base64.b64decode(json.loads(kept)["data"]["alertmanager.yaml"]).decode()
        config = yaml.safe_load(text)
        config["route"]["group_wait"] = "0s"
        [mails] = [r["email_configs"] for r in config["receivers"] if "email_configs" in r]
        assert [mail["require_tls"] for mail in mails] == [True, False]
        mails[0]["require_tls"] = False  # nobody signs a certificate for the loopback
        with alertmanager(folder / "alertmanager", config) as alerts:
            post(f"{alerts}/api/v2/alerts", [ALERT])
            came = {name: (body, token) for name, body, token in _two(posted)}
            both = [Mailbox.got.get(timeout=180), Mailbox.got.get(timeout=180)]
            came["relay"], came["mail"] = sorted(both)  # the one without a login first
    mail.shutdown()
    mail.server_close()
    yield {"text": text, **came}


def _two(posted: queue.Queue[t.Any]) -> t.Iterator[t.Any]:
    yield posted.get(timeout=180)
    yield posted.get(timeout=180)


@pytest.mark.parametrize("kind", KINDS)
def test_a_receiver_is_told_what_is_wrong_and_what_mends_it(
    told: dict[str, t.Any], kind: str, record_property: t.Callable[[str, object], None]
) -> None:
    if kind == "slack":
        body, _token = told["slack"]
        assert body["channel"] == "#ops"
        [attached] = body["attachments"]
        assert attached["title"] == "EtcdNoQuorum (firing)"
        assert attached["text"].strip() == "etcd has no majority. Bring servers back."
    elif kind == "webhook":
        body, token = told["webhook"]
        assert token == "Bearer a-token"
        assert [alert["labels"] for alert in body["alerts"]] == [ALERT["labels"]]
    else:
        login, text = told["mail"]
        assert login == "\0alerts@example.org\0a-password"
        mail = email.message_from_string(text, policy=email.policy.default)
        assert mail["To"] == "ops@example.org" and "EtcdNoQuorum" in mail["Subject"]
        login, relayed = told["relay"]
        assert login == "" and "To: boss@example.org" in relayed
        assert "Bring servers back." in text
    record_property("sees", f"receiver {kind}")


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [(["alertname=Watchdog"], "none"), (["alertname=EtcdNoQuorum", "severity=critical"], "all")],
)
def test_what_always_fires_is_told_nobody(
    told: dict[str, t.Any], tmp_path: Path, labels: list[str], receiver: str
) -> None:
    (tmp_path / "alertmanager.yml").write_text(told["text"])
    command = [program("amtool"), "config", "routes", "test"]
    done = subprocess.run(
        [*command, f"--config.file={tmp_path}/alertmanager.yml", *labels],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == receiver
