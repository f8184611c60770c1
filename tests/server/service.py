"""The service as its users start it, for the tests of this folder."""
import json
import subprocess
import urllib.request
from contextlib import contextmanager

SKIP = 77  # the exit code of a test that cannot run here


@contextmanager
def serving(tool, *arguments):
    """Starts `edgemoe serve` on a free port; gives its host and port."""
    process = subprocess.Popen([tool, "serve", "--port", "0", *arguments], stdout=subprocess.PIPE, text=True)
    try:
        first = process.stdout.readline()
        assert first.startswith("page"), f"edgemoe serve did not start: {first!r}"
        yield first.split("http://")[1].strip().rstrip("/")
    finally:
        process.terminate()
        assert process.wait(timeout=300) == 0, "edgemoe serve must end with 0 when it is asked to"


def get_bytes(address):
    with urllib.request.urlopen(f"http://{address}", timeout=300) as answer:
        return answer.read()


def get_json(address):
    return json.loads(get_bytes(address))
