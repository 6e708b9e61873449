"""Server-sent events and polling over HTTP: the server's answer decides which."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import httpx

from tracker3d import __version__
from tracker3d.feed.live.sse import EventParser
from tracker3d.feed.live.transport import CONNECT_S, SILENCE_S, LostError, received
from tracker3d.feed.message import LARGEST_MESSAGE_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tracker3d.feed.live.address import Address
    from tracker3d.feed.message import Message

POLL_S = 2.0
_NO_CONTENT = 204
_NOT_MODIFIED = 304


class HttpSource:
    """A URL that streams events, or one that answers with a document and is asked again.

    Parameters
    ----------
    address : Address
    poll_s : float
        Seconds between two questions for a document.
    """

    def __init__(self, address: Address, *, poll_s: float = POLL_S) -> None:
        self._url, self._poll_s = address.url, poll_s
        self.dropped: Counter[str] = Counter()
        self._client: httpx.AsyncClient | None = None
        self._last = b""
        self._tag = ""

    async def arrivals(self) -> AsyncGenerator[Message | None, None]:
        """Connect and give messages as they come."""
        try:
            while True:
                async with self._open().stream("GET", self._url, headers=self._asking()) as response:
                    if response.status_code >= httpx.codes.BAD_REQUEST:
                        raise LostError(f"answered {response.status_code} {response.reason_phrase}".rstrip())
                    if response.headers.get("content-type", "").lower().startswith("text/event-stream"):
                        parser = EventParser()
                        async for chunk in response.aiter_bytes():
                            yield None
                            for data in parser.feed(chunk):
                                yield received(data)
                        return
                    document = await self._document(response)
                yield received(document) if document else None
                await asyncio.sleep(self._poll_s)
        except httpx.TimeoutException as error:
            raise LostError("does not answer") from error
        except httpx.TransportError as error:
            raise LostError(f"cannot be reached ({error})" if str(error) else "cannot be reached") from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise LostError(f"gives an answer that cannot be used ({error})") from error

    async def close(self) -> None:
        """Close the pool of connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=httpx.Timeout(CONNECT_S, read=SILENCE_S),
                follow_redirects=True,
                headers={"User-Agent": f"tracker3d/{__version__}", "Accept-Encoding": "identity"},
            )
        return self._client

    def _asking(self) -> dict[str, str]:
        headers = {
            "Accept": "text/event-stream, application/json;q=0.9, */*;q=0.1",
            "Cache-Control": "no-cache",
        }
        return headers | ({"If-None-Match": self._tag} if self._tag else {})

    async def _document(self, response: httpx.Response) -> bytes:
        """Return the body; nothing where there is none or it is the one before."""
        if response.status_code in (_NO_CONTENT, _NOT_MODIFIED):
            return b""
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > LARGEST_MESSAGE_BYTES:
                raise LostError("answers with a document larger than any feed's")
        if not body.rstrip().endswith((b"}", b"]")):
            # Cut off on the server's side, so that its length is right; the next answer may be whole.
            self.dropped["documents that were cut off"] += bool(body.strip())
            return b""
        self._tag = response.headers.get("etag", "")
        if body == self._last:
            return b""
        self._last = bytes(body)
        return self._last
