"""A request's body has to come within a time: whoever sends a letter a second holds nothing for long."""

import asyncio
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

PATIENCE_S = 30.0
SLOWEST_BYTES_S = 8 * 1024  # from when on it is a slow line, and not an attack


class Body:
    """An ASGI `receive` that waits for the body no longer than for one sent at the slowest speed.

    Raises: HTTPException 408. Once the body is there, waiting for the client to go away has no end.
    """

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.taken_bytes = 0
        self.is_complete = False
        self.started_at = asyncio.get_running_loop().time()

    async def __call__(self) -> Message:
        if self.is_complete:
            return await self.receive()
        try:
            async with asyncio.timeout_at(self.started_at + PATIENCE_S + self.taken_bytes / SLOWEST_BYTES_S):
                message = await self.receive()
        except TimeoutError as error:
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT) from error
        self.taken_bytes += len(message.get("body", b""))
        self.is_complete = not message.get("more_body", False)
        return message
