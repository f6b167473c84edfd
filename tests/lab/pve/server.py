# SPDX-License-Identifier: GPL-3.0-or-later
"""`PveServer`: a simulated cluster on a loopback port, run in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
import tempfile
import threading
import uuid
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from aiohttp import web

from lab.machines import Machines, SimulatedMachines
from lab.pve.calls import Call
from lab.pve.certificates import make_certificates
from lab.pve.cluster import SimulatedCluster
from lab.pve.clusters import Cluster, load_cluster
from lab.pve.faults import Faults
from lab.pve.permissions import ROOT, AclEntry, Token, User

HOST = "127.0.0.1"
STOP_SECONDS = 10.0


class PveServer:
    """A simulated Proxmox VE cluster that listens with TLS on loopback.

    Args:
        cluster: a `Cluster`, a cluster file, or the name of one in `clusters/`.
        machines: the hosts behind started guests; none: `SimulatedMachines`.
        port: the port to listen on; 0 takes a free one.
        version: "9.1" or "8.4".
        latency_seconds: added to every answer.
        time_scale: how long simulated waits take (0: not at all, 1: real time).
        root_password: the password of root@pam; none: a random one.
    """

    def __init__(
        self,
        cluster: Cluster | str | Path = "default",
        machines: Machines | None = None,
        *,
        port: int = 0,
        version: str = "9.1",
        latency_seconds: float = 0.0,
        time_scale: float = 0.0,
        root_password: str | None = None,
    ) -> None:
        self.cluster = cluster if isinstance(cluster, Cluster) else load_cluster(cluster)
        self.machines: Machines = machines or SimulatedMachines()
        self.root_password = root_password or secrets.token_urlsafe(16)
        self.state = SimulatedCluster(
            self.cluster,
            self.machines,
            host=HOST,
            port=port,
            version=version,
            root_password=self.root_password,
            latency_seconds=latency_seconds,
        )
        self.state.time_scale = time_scale
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="simulated-pve", daemon=True)
        self._folder = tempfile.TemporaryDirectory(prefix="simulated-pve-")

    # -------------------------------------------------------------- lifecycle

    def start(self) -> PveServer:
        """Listen; returns the server itself.

        Raises:
            OSError: the port is taken.
        """
        names = tuple(node.name for node in self.cluster.nodes)
        addresses = tuple(node.address for node in self.cluster.nodes)
        self._certificates = make_certificates(
            Path(self._folder.name), (*names, "localhost", HOST, *addresses)
        )
        self.state.fingerprint = self._certificates.fingerprint
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def close(self) -> None:
        """Stop listening, and end and remove the machines behind the guests."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._shut_down(), self._loop).result(STOP_SECONDS)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(STOP_SECONDS)
        self.machines.close()
        self._folder.cleanup()

    def __enter__(self) -> PveServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    async def _listen(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._certificates.certificate_file, self._certificates.key_file)
        runner = web.AppRunner(self.state._build_app(), access_log=None)
        await runner.setup()
        self.state.runner = runner
        await web.TCPSite(runner, HOST, self.state.port, ssl_context=context).start()
        self.state.port = runner.addresses[0][1]

    async def _shut_down(self) -> None:
        for worker in list(self.state.workers):
            worker.cancel()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.state.stop(), STOP_SECONDS / 2)

    # ------------------------------------------------------------ for clients

    @property
    def endpoint(self) -> str:
        """ "https://127.0.0.1:PORT", without a path."""
        return f"https://{HOST}:{self.state.port}"

    @property
    def ca_file(self) -> Path:
        """The CA certificate that clients verify the server with."""
        return self._certificates.ca_file

    @property
    def faults(self) -> Faults:
        return self.state.faults

    @property
    def calls(self) -> list[Call]:
        """The answered requests, oldest first."""
        return list(self.state.calls)

    def clear_calls(self) -> None:
        self.state.calls.clear()

    def make_token(
        self,
        userid: str = "automation@pve",
        tokenid: str = "lab",
        *,
        role: str = "Administrator",
        privileges: Iterable[str] | None = None,
        path: str = "/",
    ) -> str:
        """Make a user with an API token; returns "USER@REALM!ID=SECRET".

        `privileges` make a role of their own, named after the token.
        """
        access = self.state.access
        user = access.users.setdefault(userid, User({"enable": 1, "expire": 0}))
        if privileges is not None:
            role = f"{userid.partition('@')[0]}-{tokenid}"
            access.roles[role] = frozenset(privileges)
        token = Token(str(uuid.uuid4()), privsep=False)
        user.tokens[tokenid] = token
        if userid != ROOT:
            access.acl.add(AclEntry(path, "user", userid, role))
        return f"{userid}!{tokenid}={token.value}"
