# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP side: one dispatcher for all methods of the API, in the order of the real one."""

from __future__ import annotations

import asyncio
import http
import json
import random
import re
import time
import urllib.parse
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from fakepve import schema as pve_schema
from fakepve.server import USER, collect

from lab.pve.calls import Call
from lab.pve.faults import EMPTY_STATUSES, FaultError
from lab.pve.versions import Version
from lab.pve.wire import Params, PveError, Reply

FORMATS = ("/api2/json", "/api2/extjs")
MAX_BODY_BYTES = 512 * 1024
METHODS = ("GET", "POST", "PUT", "DELETE")
HEADERS = {"Cache-Control": "max-age=0", "Pragma": "no-cache", "Server": "pve-api-daemon/3.0"}
# Paths whose changes go into a file of the cluster, with its name and that of the thing.
CLUSTER_FILES = {
    "/pools": ("user_cfg", "pool"),
    "/access/users": ("user_cfg", "user"),
    "/access/roles": ("user_cfg", "role"),
    "/access/groups": ("user_cfg", "group"),
    "/access/acl": ("user_cfg", ""),
    "/storage": ("storage_cfg", "storage"),
    "/cluster/options": ("datacenter_cfg", ""),
}
READABLE = ("/access/ticket",)
Handler = Callable[[Params, str | None], Awaitable[Any]]


class Collector:
    """Stands in for an aiohttp router: keeps the handlers of the hand-written routes."""

    def __init__(self) -> None:
        self.handlers: dict[tuple[str, str], Any] = {}

    def add_route(self, method: str, path: str, handler: Any) -> None:
        self.handlers[method, path] = handler


class Api:
    """Mixin: authentication, faults, permissions, validation, handler, answer."""

    features: Version

    def _build_app(self: Any) -> web.Application:
        app = web.Application(client_max_size=self.client_max_size)
        self._collect_handlers()
        app.router.add_route("*", "/lab/{tail:.*}", self._control)
        app.router.add_route("*", "/{tail:.*}", self._serve)
        return app

    def _collect_handlers(self: Any) -> None:
        """Tables of the lab first; then those of the base class for what is left."""
        self.handlers: dict[tuple[str, str], Handler] = {}
        for prefix in ("_routes_", "_lab_routes_"):
            for name in sorted(n for n in dir(self) if n.startswith(prefix)):
                for method, template, handler in getattr(self, name)():
                    self.handlers[method, template] = handler
        routes = Collector()
        self._lxc_routes(routes, "/nodes/{node}")
        self.request_handlers = routes.handlers

    # ------------------------------------------------------------- one request

    async def _serve(self: Any, request: web.Request) -> web.StreamResponse:
        began = time.monotonic()
        request[USER] = None
        path = request.path
        envelope = next((f for f in FORMATS if path.startswith(f + "/")), FORMATS[0])
        inner = "/" + "/".join(p for p in path.removeprefix(envelope).split("/") if p)
        status: int | None = None
        try:
            extra, data = {}, await self._answer_request(request, inner)
            if isinstance(data, Reply):
                extra, data = data.extra, data.data
            if request.method != "GET" and self.faults.active("answer_lost", path=inner):
                if request.transport:
                    request.transport.close()
                raise ConnectionResetError("answer lost by a fault")
            if self.faults.active("random_order", path=inner):
                data = in_any_order(data)
            response = web.json_response({"data": data, **extra}, headers=HEADERS)
        except PveError as error:
            response = error_response(error)
        except ConnectionResetError:
            self._log_call(request, inner, None, began)
            return web.Response()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # the cause reaches the tests through `crashes`
            self.crashes.append(error)
            response = error_response(PveError(500, "internal error"))
        status = response.status
        self._log_call(request, inner, status, began)
        return wrap(response) if envelope == FORMATS[1] else response

    def _log_call(
        self: Any, request: web.Request, inner: str, status: int | None, began: float
    ) -> None:
        seconds = time.monotonic() - began
        self.calls.append(Call(request.method, inner, request[USER], status, seconds))

    async def _answer_request(self: Any, request: web.Request, inner: str) -> Any:
        if request.method not in METHODS:
            raise PveError(501, f"method '{request.method}' not available")
        match = self._match(request, inner)
        info = match and match.methods.get(request.method)
        await self.pause(self.network["latency"])
        await asyncio.sleep(self.latency_seconds)
        world = bool(info) and (info.get("permissions") or {}).get("user") == "world"
        user = None
        if not world or request.headers.get("Authorization"):
            user = await self.authenticate(request)
        request[USER] = user
        if info is None:
            raise PveError(501, f"Method '{request.method} {inner}' not implemented")
        values = await self._values(request)
        values.update(match.params)
        await self._apply_faults(request, inner, values)
        self._check_token_use(user, inner, info)
        self.check_permissions(user, self.features.permissions(request.method, match), values)
        self._check_node(match.params.get("node"))
        values = self._validated(request.method, match, info, values)
        self._check_quorum(request.method, match.template)
        return await self._call(request, match, info, values, user)

    def _match(self: Any, request: web.Request, inner: str) -> Any:
        """The schema entry of a path, unless this version has no such path."""
        raw = request.rel_url.raw_path
        for prefix in FORMATS:
            raw = raw.removeprefix(prefix)
        decoded = urllib.parse.unquote(raw)
        if re.search(r"\s", decoded):
            return None
        segments = [part for part in decoded.split("/") if part]
        for joined in (segments, rejoin_volume(segments)):
            match = match_segments(joined)
            if match and self.features.knows(request.method, match.template):
                return match
        return None

    async def _apply_faults(self: Any, request: web.Request, inner: str, values: Params) -> None:
        for fault in self.faults.for_request(request.method, inner, values):
            if fault.name == "slow":
                await asyncio.sleep(fault.seconds)
            elif fault.name == "connection_closed":
                if request.transport:
                    request.transport.close()
                raise ConnectionResetError("connection closed by a fault")
            elif fault.name == "proxy_timeout":
                await asyncio.sleep(fault.seconds)
                raise self.faults.error(fault)
            elif fault.name != "ticket_expired" or "Authorization" not in request.headers:
                raise self.faults.error(fault)

    @staticmethod
    async def _values(request: web.Request) -> Params:
        """Parameters of the query and of a form or JSON body."""
        values: Params = collect(request.query.items())
        if request.content_type == "multipart/form-data":
            fields = await request.post()
            return {**values, **{k: getattr(x, "filename", x) for k, x in fields.items()}}
        body = await request.read()
        if not body:
            return values
        if len(body) > MAX_BODY_BYTES:
            raise PveError(501, "for data too large")
        try:
            if request.content_type == "application/json":
                values.update(json.loads(body))
            else:
                form = urllib.parse.parse_qsl(body.decode(), keep_blank_values=True)
                values.update(collect(form))
        except (ValueError, TypeError):
            raise PveError(400, "Bad Request") from None
        return values

    @staticmethod
    def _check_token_use(user: str | None, inner: str, info: Params) -> None:
        if user and "!" in user and not info.get("allowtoken", 1):
            reason = f"URI '{inner}' not available with API token, need proper ticket.\n"
            raise PveError(403, f"Permission check failed ({reason})")

    def _check_quorum(self: Any, method: str, template: str) -> None:
        """Refuse changes of files that the cluster keeps while it has no quorum."""
        if method == "GET" or self.quorate:
            return
        for prefix, (file, noun) in CLUSTER_FILES.items():
            if template.startswith(prefix) and template not in READABLE:
                verb = {"POST": "create", "PUT": "update", "DELETE": "delete"}[method]
                fail = f"{verb} {noun} failed: " if noun else ""
                raise PveError(500, f"{fail}cfs-lock 'file-{file}' error: no quorum!")
        if template.startswith("/cluster/"):
            raise PveError(500, "cluster not ready - no quorum?")

    def _check_node(self: Any, node: str | None) -> None:
        if node in (None, "localhost"):
            return
        if node not in self.nodes:
            why = "Temporary failure in name resolution"
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", str(node)):
                why = "Name or service not known"
            raise PveError(
                500,
                f"hostname lookup '{node}' failed - failed to get address info for: {node}: {why}",
            )
        if not self.is_online(node):
            raise PveError(595, "No route to host")

    def _validated(self: Any, method: str, match: Any, info: Params, values: Params) -> Params:
        spec = self.features.parameters(method, match.template, info)
        declared = spec.get("properties", {})
        undeclared = {k: x for k, x in match.params.items() if k not in declared}
        given = {k: x for k, x in values.items() if k not in undeclared}
        checked, errors = pve_schema.validate(spec, given)
        self.features.refine(match.template, spec, {**given, **undeclared}, errors)
        if errors:
            raise PveError(400, "Parameter verification failed.", errors)
        return {**checked, **undeclared}

    async def _call(
        self: Any, request: web.Request, match: Any, info: Params, values: Params, user: str | None
    ) -> Any:
        key = (request.method, match.template)
        if match.template.startswith("/nodes/{node}/qemu/{vmid}/agent"):
            return await self.agent_request(request.method, match.template, values)
        if key in self.handlers:
            return await self.handlers[key](values, user)
        if key in self.request_handlers:
            request.match_info.update(match.params)
            response = await self.request_handlers[key](request)
            return json.loads(response.text)["data"]
        if "/ceph" in match.template:
            refuse_ceph(request.method, match.template)
        if "vmid" in match.params and request.method == "GET":
            self._need_guest(match.template, values)
        if request.method != "GET":
            raise PveError(501, f"Method '{request.method} {match.template}' is not simulated")
        return await self.synthesise(match, request.method, info, user, values)

    def _need_guest(self: Any, template: str, v: Params) -> None:
        if template.startswith("/nodes/{node}/qemu/"):
            self.find_guest(v)
        elif template.startswith("/nodes/{node}/lxc/"):
            self._find_ct(v["node"], int(v["vmid"]))

    # ---------------------------------------------------------- control endpoint

    async def _control(self: Any, request: web.Request) -> web.Response:
        """`/lab/faults` and `/lab/calls`, for tests in other processes."""
        what = request.match_info["tail"]
        if what == "calls" and request.method == "GET":
            return web.json_response([call.as_dict() for call in self.calls])
        if what == "calls" and request.method == "DELETE":
            self.calls.clear()
            return web.json_response([])
        if what != "faults":
            return web.json_response({"error": f"There is no /lab/{what}."}, status=404)
        try:
            if request.method == "POST":
                fields = await request.json()
                self.faults.set(fields.pop("name"), **fields)
            elif request.method == "DELETE":
                self.faults.clear(request.query.get("name"))
        except (FaultError, KeyError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(self.faults.listing())


def refuse_ceph(method: str, template: str) -> None:
    """What every Ceph method but an index says where Ceph is not installed."""
    if method == "GET" and template.endswith(("/ceph", "/cfg")):
        return
    if template.endswith("/init"):
        raise PveError(500, "Ceph Nautilus required - please run 'pveceph install'")
    daemon = next((d for d in ("mgr", "mds") if method != "GET" and f"/{d}/" in template), "mon")
    raise PveError(500, f"binary not installed: /usr/bin/ceph-{daemon}")


def match_segments(segments: list[str]) -> Any:
    """The schema entry of decoded path segments (a volume's name may hold slashes)."""
    schema = pve_schema.load()
    node, params = schema.root, {}
    for segment in segments:
        literal = node.get("lit", {}).get(segment)
        if literal is not None:
            node = literal
        elif "var" in node:
            name, node = node["var"]
            params[name] = segment
        else:
            return None
    if "path" not in node:
        return None
    return pve_schema.Match(node["path"], params, schema.paths[node["path"]])


def rejoin_volume(segments: list[str]) -> list[str]:
    """Segments with those of a volume, a network or a nested pool name put back together."""
    if "content" in segments[4:5]:
        return [*segments[:5], "/".join(segments[5:])]
    if "ipset" in segments[:-3]:
        start = segments.index("ipset") + 2
        return [*segments[:start], "/".join(segments[start:])]
    if segments[:1] == ["pools"]:
        return [segments[0], "/".join(segments[1:])]
    return segments


def error_response(error: PveError) -> web.Response:
    """An error as the API writes it: status line, and a JSON body where there is one."""
    reason = error.message.splitlines()[0][:300] if error.message else None
    login = error.message == "authentication failure"
    if (error.status in EMPTY_STATUSES and not login) or error.message.startswith("method '"):
        return web.Response(status=error.status, reason=reason, headers=HEADERS)
    message = (
        error.message if error.status == http.HTTPStatus.NOT_IMPLEMENTED else error.message + "\n"
    )
    body: Params = {"data": None, "message": message}
    if error.errors:
        body["errors"] = error.errors
    return web.json_response(body, status=error.status, reason=reason, headers=HEADERS)


def in_any_order(value: Any) -> Any:
    """The same answer as another run of the real API gives it: its hashes have no order."""
    if isinstance(value, dict):
        keys = random.sample(sorted(value), len(value))
        return {key: in_any_order(value[key]) for key in keys}
    entries = isinstance(value, list) and all(isinstance(item, dict) for item in value)
    return [in_any_order(item) for item in random.sample(value, len(value))] if entries else value


def wrap(response: web.Response) -> web.Response:
    """The envelope of /api2/extjs: always 200, `success` tells."""
    body = json.loads(response.text or "null") or {}
    failed = response.status >= http.HTTPStatus.BAD_REQUEST
    out = {**body, "data": body.get("data"), "success": int(not failed)}
    if failed:
        out |= {"status": response.status, "message": body.get("message") or response.reason}
    return web.json_response(out, headers=HEADERS)
