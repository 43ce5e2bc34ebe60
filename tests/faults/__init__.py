"""What breaks, and what must happen then: one implementation for `just drill` and for the test suite.

A row is a module rows/rowNN_name.py with a `DRILL`. Its `run` gets a stage, breaks something there, mends it again, and
returns what it found. `just drill` runs the rows one after the other on a machine of its own and judges everything, the
clock included; the test suite runs their short forms and judges what does not depend on the machine's speed.

- `run` is called outside of any event loop, and mostly is `asyncio.run` of the rest.
- `stage.stack()`: ask for the settings that others ask for, if they will do: a platform takes seconds to start, and
  there are three at a time. Make accounts of your own in it (people.py), and leave all processes of it running.
- `stage.long`, `stage.either(long, short)`: the short form takes 10 s at most.
- Wait for conditions (tests/running/polling.py), ask under load (load.py), break by stage.py's functions.
- A finding with `clock=True` is one that a slow or busy machine may miss. Everything else holds on any machine.
"""
