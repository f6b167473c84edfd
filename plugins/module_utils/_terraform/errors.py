# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong, as one plain sentence without secrets."""

from __future__ import annotations

import re
import typing as t

_BACKEND = (
    "The state backend cannot be used: check its address and the credentials in"
    " backend_environment."
)
#: Failures that any step can end in.
_EVERY_STEP: tuple[tuple[str, str], ...] = (
    (
        r"No space left on device|disk quota exceeded",
        "The disk that holds {directory} is full: free some space and run again.",
    ),
    (
        r"HTTP remote state endpoint (?:requires|invalid) auth|Error (?:refresh|load)ing state",
        _BACKEND,
    ),
    (
        r"Error acquiring the state lock"
        r"(?:.*?Who: (?P<who>\S+))?(?:.*?Created: (?P<when>\S+ \S+))?",
        "The Terraform state is locked by {who} since {when}: wait until that run has ended.",
    ),
    (
        r"(?:Inconsistent dependency lock file|provider registry\.\S+ was not found"
        r"|Failed to query available provider packages|Required plugins are not installed"
        r"|Failed to install provider|could not query provider registry)",
        "The Terraform provider cannot be had: check the connection to the registry, or name a"
        " local mirror in the file that TF_CLI_CONFIG_FILE names.",
    ),
    (
        r"Unsupported Terraform Core version|Unsupported OpenTofu Core version",
        "This Terraform or OpenTofu is too old: install version 1.10 or newer.",
    ),
)
_PATTERNS: tuple[tuple[str, str], ...] = (
    *_EVERY_STEP,
    (
        r"cannot resize disks while the VM is running",
        "A disk of a running machine can only grow while no other change waits for its restart:"
        " restart the machine, then run again.",
    ),
    (
        r"x509: (?P<detail>[^.]{1,160})",
        "The certificate of the Proxmox VE API is not trusted ({detail}): name its CA in ca_path.",
    ),
    (
        r"(?:failed to verify certificate|tls: (?P<detail>[^.]{1,160}))",
        "The TLS connection to the Proxmox VE API failed ({detail}): check ca_path and endpoint.",
    ),
    (
        r"Permission check failed \((?P<path>/[^,)\s]*), (?P<privilege>[A-Za-z.|]+)\)",
        "The Proxmox VE user lacks the privilege {privilege} on {path}: grant it and run again.",
    ),
    (
        r"(?:\b403\b|Permission check failed)",
        "The Proxmox VE user lacks a privilege for this: compare its role with the documented"
        " list of privileges.",
    ),
    (
        r"(?:\b401\b|authentication failure|Authentication failed|No ticket|permission denied -"
        r" invalid csrf)",
        "Proxmox VE refuses the credentials: check api_token_id and api_token_secret, or api_user"
        " and api_password.",
    ),
    (
        r"must provide either|missing (?:required )?(?:credentials|authentication)"
        r"|no credentials|Unable to create Proxmox VE (?:API )?credentials",
        "The credentials of Proxmox VE are missing: give api_token_id and api_token_secret, or"
        " api_user and api_password.",
    ),
    (
        r"(?:connection refused|no such host|no route to host|i/o timeout|dial tcp"
        r"|context deadline exceeded|network is unreachable)",
        "The Proxmox VE API cannot be reached: check api_endpoint and the network.",
    ),
    (
        r"Backend configuration changed|Backend initialization required",
        "The state backend of {directory} is another one than before: move the state with"
        " `terraform init -migrate-state` there, or choose the former backend.",
    ),
    (
        r"[Nn]o such (?:replication )?job",
        "A backup or replication job of this deployment was removed on Proxmox VE: forget it with"
        " `terraform state rm ADDRESS` in {directory}, then plan again; it is made anew.",
    ),
    (
        r"Saved plan is stale",
        "The saved plan is stale, because the state changed since: plan again.",
    ),
)
#: `init` speaks with the registry and the state backend, never with Proxmox VE.
_INIT_PATTERNS: tuple[tuple[str, str], ...] = (
    *_EVERY_STEP,
    *(pattern for pattern in _PATTERNS if "Backend configuration" in pattern[0]),
    (
        r"dial tcp|connection refused|no such host|timeout|password authentication failed"
        r"|Failed to get existing workspaces|x509|InvalidAccessKeyId|AccessDenied|\b40[13]\b"
        r"|No valid credential sources",
        _BACKEND,
    ),
)
_SECRETS = re.compile(
    r"(?P<token>PVEAPIToken=)\S+"
    r"|(?P<user>\b[\w.-]+@[\w.-]+![\w.-]+=)[0-9a-fA-F-]{8,}"
    r"|(?P<url>[a-z][a-z0-9+.-]*://[^\s:/@]+:)[^\s@]+(?=@)"
    r"|(?P<cookie>PVEAuthCookie=)\S+"
    r"|(?P<ticket>PVE:[\w.@-]+:[0-9A-F]{8}::)\S+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----",
    re.DOTALL,
)
_BOX = re.compile(r"^[\s\u2502\u2577\u2575|]+", re.MULTILINE)
#: Lines that say where in the root module an error arose.
_EXCERPT = re.compile(r"^(?:with \S+,|on \S+ line \d+.*|\d+: .*)$", re.MULTILINE)
_MAX_DETAIL = 600


class TerraformError(Exception):
    """A step could not be done; the message is one sentence, ``result`` what is known."""

    def __init__(self, message: str, **result: t.Any) -> None:
        super().__init__(message)
        self.result = result


def redact(text: str, secrets: t.Iterable[str] = ()) -> str:
    """Return the text without the given secrets and without anything shaped like one."""
    for secret in sorted({secret for secret in secrets if secret}, key=len, reverse=True):
        text = text.replace(secret, "********")
    return _SECRETS.sub(lambda found: next((g for g in found.groups() if g), "") + "********", text)


def explain(
    output: str, *, step: str = "", directory: str = "", secrets: t.Iterable[str] = ()
) -> str:
    """Return one sentence for what Terraform or its provider printed in a step.

    A known failure gets its remedy; anything else is the provider's own text, shortened.
    """
    text = _BOX.sub("", redact(output, secrets))
    detail = _shorten(text)
    flat = " ".join(text.split())
    for pattern, sentence in _INIT_PATTERNS if step == "init" else _PATTERNS:
        found = re.search(pattern, flat, re.IGNORECASE)
        if found:
            named = {name: value.strip(" .") for name, value in found.groupdict("unknown").items()}
            message = sentence.format(**named, directory=directory)
            return f"{message} Terraform says: {detail}" if detail else message
    return f"Terraform failed: {detail or 'it printed nothing.'}"


def _shorten(text: str) -> str:
    """Return the errors of an output on one line, without warnings and source excerpts."""
    blocks = re.split(r"^(?=(?:Error|Warning): )", text, flags=re.MULTILINE)
    errors = [block for block in blocks if block.startswith("Error: ")]
    told = [_EXCERPT.sub("", block) for block in errors] or [text]
    joined = " ".join(dict.fromkeys(" ".join(block.split()) for block in told)).strip()
    return joined if len(joined) <= _MAX_DETAIL else joined[:_MAX_DETAIL].rstrip() + " …"
