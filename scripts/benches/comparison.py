"""What `bgsub compare` itself takes: all but the methods and the decoding."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benches.processes import BGSUB, output, spread

DATASET = Path(__file__).resolve().parents[2] / "videos" / "waving_tree"


def compare(datasets: Sequence[Path], repeat: int) -> None:
    """The shares of decoding, methods and scoring, and what the whole command takes beyond the first two."""
    print("\n## The overhead of `bgsub compare` (its usual methods, one thread each; seconds, median and range)\n")
    print("| dataset | masks | methods | decoding | scoring | scoring, share | whole command | all but methods and "
          "decoding, share |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for dataset in datasets:
        runs = [measured(dataset) for _ in range(repeat)]
        found = [run["seconds"] for run in runs]
        n_masks = sum(result["n_frames"] for result in runs[0]["results"])
        scoring = [100 * one["scoring"] / sum(one.values()) for one in found]
        rest = [100 * (1 - (one["methods"] + one["decoding"]) / run["wall"])
                for one, run in zip(found, runs, strict=True)]
        parts = " | ".join(spread([one[name] for one in found]) for name in ("methods", "decoding", "scoring"))
        print(f"| {dataset.name} | {n_masks:,} | {parts} | {spread(scoring)} % | {spread([r['wall'] for r in runs])} "
              f"| {spread(rest)} % |", flush=True)


def measured(dataset: Path) -> dict[str, Any]:
    """What one run says of itself, and the seconds that it took as a process."""
    begun = time.perf_counter()
    found = json.loads(output([*BGSUB, "compare", str(dataset), "--json", "--quiet"]))
    return {**found, "wall": time.perf_counter() - begun}
