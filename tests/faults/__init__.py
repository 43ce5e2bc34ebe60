"""What breaks, and what must happen then: one implementation for `just drill` and for the test suite.

A row is a module rows/rowNN_name.py with a `DRILL`. Its `run` gets a stage, breaks something there, mends it again, and
returns what it found. `just drill` runs the rows one after the other on a machine of its own and judges everything, the
clock included; the test suite runs their short forms and judges what does not depend on the machine's speed.
"""
