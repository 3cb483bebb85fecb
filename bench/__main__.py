"""`python -m bench [--runs N] [--only PART] [--out FILE]`: measure, print a table, write bench-results.json."""

import argparse
import asyncio
import sys
from pathlib import Path

from bench import availability, baselines, booking, chain, changes, displacement, events, screening, system
from bench.report import Results
from bench.servers import servers
from shared.kit import logging

PARTS = (
    "baselines", "events", "availability", "starts", "rest", "booking", "changes", "failure", "displacement",
    "screening",
)  # fmt: skip


async def main(parts: list[str], runs: int, out: Path) -> None:
    results = Results()
    if {"baselines", "events", "availability"} & set(parts):
        async with servers() as found:
            if "baselines" in parts:
                await baselines.measure(results, found, runs)
            if "events" in parts:
                await events.measure(results, found, runs)
            if "availability" in parts:
                await availability.measure(results, found, runs)
    if "starts" in parts:
        await system.measure_starts(results, runs)
    if {"rest", "booking", "changes", "failure", "displacement"} & set(parts):
        async with system.fresh_folder() as folder, system.running(folder) as running, chain.api(running) as api:
            if "rest" in parts:
                await system.measure_rest(results, running, runs)
            if {"booking", "changes", "failure", "displacement"} & set(parts):
                made = await chain.build(api)
                if "booking" in parts:
                    await booking.measure(results, api, made, runs)
                if "changes" in parts:
                    await changes.measure(results, api, made, runs)
                if "failure" in parts:
                    await booking.measure_failure(results, api, made, runs)
                if "displacement" in parts:
                    await displacement.measure(results, api, made, runs)
    if "screening" in parts:
        async with system.fresh_folder() as folder, system.running(folder) as running, chain.api(running) as api:
            await screening.measure(results, running, api, folder, runs)
    results.print()
    results.write(out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part; may be repeated")
    parser.add_argument("--out", type=Path, default=Path("bench-results.json"))
    arguments = parser.parse_args()
    logging.configure("bench", level="ERROR")
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    asyncio.run(main(arguments.only or list(PARTS), arguments.runs, arguments.out))
