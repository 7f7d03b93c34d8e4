"""aiohttp, over one connection."""

import asyncio
import sys
from pathlib import Path

import aiohttp


async def send(url: str, body: bytes) -> None:
    async with aiohttp.ClientSession(headers={"Content-Type": "application/json"}) as session:
        for _ in range(2):
            async with session.post(url, data=body) as response:
                await response.read()
                print(response.status)


asyncio.run(send(sys.argv[1], Path(sys.argv[2]).read_bytes()))
