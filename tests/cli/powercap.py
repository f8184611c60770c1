"""A folder that stands in for Linux's /sys/class/powercap, with one processor's counter that goes on while a test runs."""
import os
import threading


def count_energy(test, step, wrap=100_000_000_000):
    """The folder, under `test.folder`; the counter goes on by `step` microjoules every few milliseconds, up to `wrap`, until `test` ends."""
    zone = test.folder / "powercap/intel-rapl:0"
    zone.mkdir(parents=True)
    (zone / "name").write_text("package-0\n")
    (zone / "max_energy_range_uj").write_text(f"{wrap}\n")
    (zone / "energy_uj").write_text("1000\n")
    done = threading.Event()

    def count():
        value = 1000
        while not done.wait(0.002):
            value = (value + step) % wrap
            (zone / "next").write_text(f"{value}\n")
            os.replace(zone / "next", zone / "energy_uj")

    thread = threading.Thread(target=count)
    thread.start()
    test.addCleanup(thread.join)
    test.addCleanup(done.set)
    return zone.parent
