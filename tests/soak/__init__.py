"""Five thousand cycles with a fault every fifty, and an audit of what is left.

    .venv/bin/python -m tests.soak --cycles 5000 --every 50 --seed 7

Not part of `./warrant test`, which runs a short one (`tests/faults/test_soak.py`).
"""
