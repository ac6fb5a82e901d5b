"""Ask with the protocol's own package, as Home Assistant does; print what is answered."""

from __future__ import annotations

import asyncio
import sys

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.info import Describe, Info


async def main(port: int) -> None:
    async with AsyncTcpClient("127.0.0.1", port) as client:
        await client.write_event(Describe().event())
        event = await client.read_event()
        assert event is not None
        (program,) = Info.from_event(event).asr
        await client.write_event(Transcribe(language="en").event())
        await client.write_event(AudioStart(rate=16000, width=2, channels=1).event())
        for _ in range(10):
            chunk = AudioChunk(rate=16000, width=2, channels=1, audio=bytes(2048))
            await client.write_event(chunk.event())
        await client.write_event(AudioStop().event())
        event = await client.read_event()
        assert event is not None
        print(program.name, program.models[0].name, Transcript.from_event(event).text)


asyncio.run(main(int(sys.argv[1])))
