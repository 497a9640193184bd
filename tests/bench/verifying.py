"""How fast a log is verified without replay, by several processes, as `warrant audit verify` does with a long one.

The log is that of a desk of the sample: it is verified again and again, up to so many records, so that each is read,
hashed, followed and re-evaluated as often as in a log of that length. Not measured: what a longer log holds in memory
(ids, orders, digests: some hundred bytes a record).
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from adapters.verifying.collecting import seldom
from adapters.verifying.recheck_many import ArithmeticInParallel
from adapters.verifying.verify import verify


def measure(store: Path, records: int) -> None:
    """Verify the log at `store` until so many records were; print what it took."""
    jobs = os.cpu_count() or 1
    with seldom(), ArithmeticInParallel(jobs) as arithmetic:
        # The processes start, and read the limits.
        verify(store, arithmetic=arithmetic)
        assert arithmetic.findings() == []
        done, began, used = 0, time.perf_counter(), os.times()
        while done < records:
            found = verify(store, arithmetic=arithmetic)
            assert found.holds
            done += found.size
        assert arithmetic.findings() == []
        took, after = time.perf_counter() - began, os.times()
    walk = after.user + after.system - used.user - used.system
    print(f"{done} records on {jobs} cores: {took:.1f} s, {took / done * 100_000:.1f} s for 100,000")
    print(f"the walk itself took {walk / done * 1000:.2f} ms of the processor for each record")
