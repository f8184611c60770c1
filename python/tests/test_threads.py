"""Threads and processes: the interpreter's lock is given up, models run at once, forked processes are told, nothing leaks."""
import concurrent.futures
import multiprocessing
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from conftest import assert_same_maps

import edgemoe


def test_other_threads_go_on_during_a_run(tiny, picture):
    """With a switch interval of hours a thread goes on only where another gives up the lock of its own accord: none of
    many runs would see progress if the lock were held."""
    progress = 0
    finished = threading.Event()

    def count():
        nonlocal progress
        while not finished.is_set():
            progress += 1
            time.sleep(0)  # gives the lock back

    interval = sys.getswitchinterval()
    counter = threading.Thread(target=count)
    counter.start()
    try:
        sys.setswitchinterval(10_000)
        for _ in range(10_000):
            before = progress
            tiny.run_batch([picture] * 4)
            if progress > before:
                break
        else:
            pytest.fail("no other thread made progress during any of 10,000 runs")
    finally:
        sys.setswitchinterval(interval)
        finished.set()
        counter.join()


DAEMONS = """
import sys, threading, time
import numpy as np
import edgemoe

model = edgemoe.load(sys.argv[1], num_threads=2)
picture = np.zeros((46, 70, 3), np.uint8)
ran = threading.Event()

def run():
    while True:
        model.run_batch([picture] * 8)
        ran.set()

for _ in range(3):
    threading.Thread(target=run, daemon=True).start()
ran.wait()
print("ending")
"""


def test_a_process_may_end_while_daemon_threads_run_models(tiny_file):
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", DAEMONS, tiny_file], capture_output=True, text=True, timeout=300)
        assert (done.returncode, done.stdout, done.stderr) == (0, "ending\n", "")


@pytest.mark.parametrize("shared", [False, True], ids=["a model a thread", "one model for all"])
def test_threads_get_the_maps_of_their_pictures(tiny, tiny_file, shared):
    rng = np.random.default_rng(3)
    pictures = [rng.integers(0, 256, (20 + 9 * i, 64 - 7 * i, 3), dtype=np.uint8) for i in range(4)]
    expected = [tiny.run(picture) for picture in pictures]
    models = [tiny] * 4 if shared else [edgemoe.load(tiny_file, num_threads=1) for _ in pictures]

    def work(i):
        for _ in range(25):
            assert_same_maps(models[i].run(pictures[i]), expected[i])
        return i

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(work, range(4))) == [0, 1, 2, 3]


def run_in_child(model, picture, answers):
    try:
        answers.put(list(model.run(picture)))
    except edgemoe.Error as error:
        answers.put(str(error))


@pytest.mark.parametrize(("method", "expected"), [("fork", "load it in the process that runs it"), ("spawn", "['semseg'")])
def test_processes(tiny_file, picture, method, expected):
    """A forked process is told; a spawned one loads the model again. Neither hangs."""
    context = multiprocessing.get_context(method)
    answers = context.SimpleQueue()
    model = edgemoe.load(tiny_file, num_threads=2)
    child = context.Process(target=run_in_child, args=(model, picture, answers))
    child.start()
    assert expected in str(answers.get())
    child.join(60)
    assert child.exitcode == 0
    assert list(model.run(picture)) == ["semseg", "normals", "depth"]


def test_forked_process_can_let_go_of_a_model(tiny_file):
    model = edgemoe.load(tiny_file, num_threads=2)
    child = os.fork()
    if child == 0:
        del model
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def resident_bytes():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def grown_after(work, times):
    for _ in range(50):
        work()
    before = resident_bytes()
    for _ in range(times):
        work()
    return resident_bytes() - before


def test_a_thousand_runs_leave_memory_as_it_was(tiny):
    """A map or a copied picture that leaked would cost 64 KiB and more a run."""
    picture = np.random.default_rng(5).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    references = sys.getrefcount(picture)
    assert grown_after(lambda: tiny.run(picture), 500) < 8 << 20
    assert grown_after(lambda: tiny.run(picture[:, ::-1]), 500) < 8 << 20
    assert sys.getrefcount(picture) == references


def test_a_thousand_refusals_leave_memory_as_it_was(tiny, tmp_path):
    picture = np.zeros((256, 256, 3), np.uint8)

    def refused():
        for work in (lambda: tiny.run(picture[:, ::-1], ["nothing"]), lambda: edgemoe.read_picture(tmp_path / "missing")):
            with pytest.raises(edgemoe.Error):
                work()

    references = sys.getrefcount(picture)
    assert grown_after(refused, 1000) < 8 << 20
    assert sys.getrefcount(picture) == references


def test_the_leak_check_sees_a_leak(tiny):
    picture = np.zeros((256, 256, 3), np.uint8)
    kept = []
    assert grown_after(lambda: kept.append(tiny.run(picture, ["semseg"])), 200) > 8 << 20


def test_models_give_their_memory_back(tiny_file):
    assert grown_after(lambda: edgemoe.load(tiny_file, num_threads=1), 100) < 8 << 20
