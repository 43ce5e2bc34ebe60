"""Fuzzing: targets that take input from outside, fed with generated input for as long as one likes.

`./just fuzz [SECONDS] [TARGET...]` feeds each target for so many seconds (60) and reports the slowest step, what stayed
in memory, and the input that failed, reduced to its smallest form. `./just test` runs a short form of each target,
which checks everything but times.

To add a target:

1. Write a module in this folder with a hypothesis strategy for the inputs, and a coroutine function that feeds one
   input to the real code and asserts what must hold. What is expected of every target need not be asserted: no
   exception, no error in the log, no task that stays, no memory that stays, no step of the event loop over
   `max_step_ms` of processor time. Code that does not await anything is one step.
2. Export `TARGET = Target(name=..., inputs=..., feed=...)`, and add it to `targets.TARGETS`.

For a connection of the gateway without sockets, see `memory_connection`. A failing input is saved in `.hypothesis/` and
is tried first the next time; when the fault is mended, keep the input as a test of its own.
"""
