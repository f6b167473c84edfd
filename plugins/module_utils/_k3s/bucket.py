# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether k3s can keep its snapshots in a bucket, asked from the host as k3s asks it."""

from __future__ import annotations

import hashlib
import hmac
import ssl
import time
import typing as t
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import quote

NOTHING = hashlib.sha256(b"").hexdigest()
ANSWER_SECONDS = 10


def signature(
    secret: str, method: str, path: str, headers: t.Mapping[str, str], region: str
) -> str:
    """Return the signature (AWS version 4) of a request to S3 without a query.

    ``headers`` are all that is signed, by their names in small letters; they hold
    ``x-amz-date`` (``20260131T120000Z``) and ``x-amz-content-sha256``.
    """
    signed = [
        *(f"{name}:{headers[name]}" for name in sorted(headers)),
        "",
        ";".join(sorted(headers)),
    ]
    request = "\n".join([method, path, "", *signed, headers["x-amz-content-sha256"]])
    date = headers["x-amz-date"]
    scope = [date[:8], region, "s3", "aws4_request"]
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", date, "/".join(scope), digest])
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Bucket:
    """A bucket as the keys ``etcd-s3-*`` of ``config.yaml`` describe it.

    ``settings``: endpoint, bucket, region, access_key, secret_key, session_token (texts),
    insecure, skip_verify, by_name (bools; ``by_name``: the bucket is part of the host's name)
    and ca, a file on this host, empty for the system's.
    """

    def __init__(self, settings: t.Mapping[str, t.Any]) -> None:
        self._own = settings
        self._host = str(settings["endpoint"])
        self._base = f"/{settings['bucket']}/"
        if settings["by_name"]:
            self._host, self._base = f"{settings['bucket']}.{self._host}", "/"

    def head(self, key: str = "") -> int:
        """Return the status of the answer to HEAD, of the bucket without ``key``.

        Raises:
            OSError, HTTPException: there is no answer.
        """
        path = quote(self._base + key)
        headers = {
            "host": self._host,
            "x-amz-content-sha256": NOTHING,
            "x-amz-date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
        }
        if self._own["session_token"]:
            headers["x-amz-security-token"] = str(self._own["session_token"])
        region = str(self._own["region"])
        signed = signature(str(self._own["secret_key"]), "HEAD", path, headers, region)
        scope = f"{self._own['access_key']}/{headers['x-amz-date'][:8]}/{region}/s3/aws4_request"
        names = ";".join(sorted(headers))
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signed}"
        )
        connection = self._connection()
        try:
            connection.request("HEAD", path, headers=headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        if self._own["insecure"]:
            return HTTPConnection(self._host, timeout=ANSWER_SECONDS)
        context = ssl.create_default_context(cafile=self._own["ca"] or None)
        if self._own["skip_verify"]:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return HTTPSConnection(self._host, timeout=ANSWER_SECONDS, context=context)


def look(settings: t.Mapping[str, t.Any], key: str = "") -> dict[str, str]:
    """Return what is wrong with a bucket, or with the snapshot ``key`` in it.

    ``refused``: it answered, and it will not do; ``silent``: it did not answer. Both are empty
    where snapshots can be kept there, and where the answer does not tell.
    """
    where = f"the bucket {settings['bucket']} at {settings['endpoint']}"
    bucket = Bucket(settings)
    try:
        status = bucket.head()
        if status < 300 and key and bucket.head(key) == 404:
            return {"refused": f"there is no {key} in {where}", "silent": ""}
    except (OSError, HTTPException, ValueError) as error:
        return {"refused": "", "silent": f"{where} does not answer: {error}"}
    said = {
        403: f"{where} refuses the keys etcd-s3-access-key and etcd-s3-secret-key",
        404: f"{where} does not exist",
    }
    return {"refused": said.get(status, ""), "silent": ""}
