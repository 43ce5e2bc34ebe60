"""Fuzzing: code that parses external input, fed with generated input.

`./just fuzz [SECONDS] [TARGET...]` feeds each target for this many seconds (60), and reports the slowest step, the
retained memory, and a failing input in its smallest form. `./just test` runs a short form of each target, which checks
everything but times.

To add a target:

1. Write a module in this folder with a hypothesis strategy for the inputs, and a coroutine function that feeds one
   input to the real code and asserts its invariants. The invariants of every target need not be asserted: no
   exception, no error in the log, no leaked task, no leaked memory, no step of the event loop over `max_step_ms` of
   processor time. Code that does not await anything is one step.
2. Export `TARGET = Target(name=..., inputs=..., feed=...)`, and add it to `targets.TARGETS`.

For a connection of the gateway without sockets, see `memory_connection`. A failing input is saved in `.hypothesis/` and
is tried first the next time; after fixing the fault, keep the input as a test.
"""
