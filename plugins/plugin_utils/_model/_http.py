# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP client under every provider: no redirects, bounded answers, the usual proxies."""

from __future__ import annotations

import typing as t

#: A form is a few KiB; a server that sends more than this is not answering it.
MAX_ANSWER_BYTES = 4 * 1024 * 1024


def http_client(timeout_seconds: float) -> t.Any:
    """Return an ``httpx2.AsyncClient``; a redirect is an answer (the key would follow it)."""
    import httpx2

    class Bounded(httpx2.AsyncByteStream):
        """The body of an answer, cut off with an error when it is too long."""

        def __init__(self, inner: t.Any) -> None:
            self.inner = inner

        async def __aiter__(self) -> t.AsyncIterator[bytes]:
            size = 0
            async for chunk in self.inner:
                size += len(chunk)
                if size > MAX_ANSWER_BYTES:
                    raise httpx2.ReadError("the answer is too long")
                yield chunk

        async def aclose(self) -> None:
            await self.inner.aclose()

    async def bound(response: t.Any) -> None:
        response.stream = Bounded(response.stream)

    return httpx2.AsyncClient(
        follow_redirects=False,
        timeout=httpx2.Timeout(timeout_seconds, connect=min(timeout_seconds, 15.0)),
        event_hooks={"response": [bound]},
    )
