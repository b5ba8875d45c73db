"""The messenger's interface: long polling for news, and messages."""

import asyncio
import logging

import httpx

PATIENCE = 30


class Messenger:
    def __init__(self, address, token):
        self.client = httpx.AsyncClient(base_url=f"{address}/bot{token}", timeout=PATIENCE + 5)
        self.offset = 0

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.client.aclose()

    async def updates(self):
        while True:
            try:
                answer = await self.client.get("/getUpdates", params={"offset": self.offset, "timeout": PATIENCE})
                news = answer.raise_for_status().json()["result"]
            except httpx.HTTPError as error:
                logging.warning("no news: %s", error)
                await asyncio.sleep(1)
                continue
            for update in news:
                self.offset = update["update_id"] + 1
                yield update

    async def send(self, chat, text):
        await self.client.post("/sendMessage", json={"chat_id": chat, "text": text})
