"""Faults and the required behaviour under them: one implementation for `just drill` and for the test suite.

A row is a module rows/rowNN_name.py with a `DRILL`. Its `run` receives a stage, injects a fault there, repairs it, and
returns its findings. `just drill` plays the rows one after the other on a quiet machine and judges everything, times
included; the test suite plays their short forms and judges what does not depend on the machine's speed.

- `run` is called outside of any event loop, and is usually `asyncio.run` of the rest.
- `stage.stack()`: use the same settings as other rows where possible: a platform takes seconds to start, and at most
  three run at a time. Create your own accounts in it (people.py), and leave all of its processes running.
- `stage.long`, `stage.either(long, short)`: the short form takes 10 s at most.
- Wait for conditions (tests/running/polling.py), send load (load.py), break things with the functions of stage.py.
- A finding with `clock=True` may fail on a slow or busy machine. All others hold on any machine.
"""
