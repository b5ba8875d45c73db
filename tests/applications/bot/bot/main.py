"""Starts the bot, and ends it when it is told to."""

import asyncio
import contextlib
import logging
import os
import signal

from bot.messenger import Messenger
from bot.replies import Replies


async def answer(messenger, replies):
    async for update in messenger.updates():
        message = update.get("message", {})
        if text := replies.to(message):
            await messenger.send(message["chat"]["id"], text)


async def run():
    token = os.environ.get("BOT_TOKEN")
    if not token:
        raise SystemExit("BOT_TOKEN is not set")
    async with Messenger(os.environ.get("BOT_API", "https://messenger.example.invalid"), token) as messenger:
        task = asyncio.create_task(answer(messenger, Replies()))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task
    logging.info("the bot has ended")


def main():
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(run())


if __name__ == "__main__":
    main()
