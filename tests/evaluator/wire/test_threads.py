"""A hospital's worker reads orders in several threads, the first of them at the same moment."""

from __future__ import annotations

import subprocess
import sys

from evaluator import wire
from tests.evaluator.wire.test_wire import KEY, ORDER

# In a process that has read nothing yet, with threads that take turns as often as Python lets them.
PROGRAM = """
import sys, threading
from evaluator import wire

sys.setswitchinterval(1e-6)
data, key = sys.stdin.buffer.read(), wire.PublicKey(sys.argv[1])
together = threading.Barrier(8)

def read():
    together.wait()
    wire.open_order(data, hospital="lakeside", key=key)

threads = [threading.Thread(target=read) for _ in range(8)]
for one in threads:
    one.start()
for one in threads:
    one.join()
"""


def test_threads_that_read_the_first_order_at_once_do_not_end_the_process() -> None:
    """Before types were learnt beforehand, two of three such processes ended with a segmentation fault."""
    data = wire.seal(ORDER, hospital="lakeside", serial=1, key=KEY)
    for _ in range(8):
        done = subprocess.run([sys.executable, "-c", PROGRAM, KEY.public.text], input=data, check=False)
        assert done.returncode == 0
