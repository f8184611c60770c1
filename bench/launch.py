"""launch.py COMMAND…: starts a program, waits, and prints "<code> <wall ns> <peak resident KiB>" of it on the last line.

A process of its own, kept small (python3 -S -E): a child's peak counts what its parent held before the program was loaded.
"""
import os
import sys
import time

start = time.perf_counter_ns()
child = os.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), time.perf_counter_ns() - start, usage.ru_maxrss)
