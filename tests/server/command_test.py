"""command_test.py TOOL SOURCE: `edgemoe serve` as a process: it starts, answers, ends in order, and says what is wrong."""
import json
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path

from service import get_bytes, get_json, serving


def expect(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}")


def post(address, data):
    with urllib.request.urlopen(urllib.request.Request(f"http://{address}", data=data), timeout=300) as answer:
        return answer.read()


def refused(tool, code, words, *arguments):
    run = subprocess.run([tool, "serve", *arguments], capture_output=True, text=True, timeout=300)
    expect(run.returncode == code and words in run.stderr, f"{arguments} ends with {code}: {run.stderr.strip()}")


def main(tool, source):
    picture = Path(source) / "examples/pictures/rendered-street.jpg"
    with tempfile.TemporaryDirectory() as folder, serving(tool, "--source", picture, "--threads", "1") as address:
        file = picture.read_bytes()
        subprocess.run([tool, "run", picture, "--model", "edgemoe-street", "-o", folder], check=True, capture_output=True)
        depth = post(f"{address}/v1/maps?tasks=depth&format=npy", file)
        expected = (Path(folder) / "rendered-street_depth.npy").read_bytes()
        header = 128  # of both; they write the shape with other spaces
        expect(len(depth) == header + 4 * 512 * 256 and depth[header:] == expected[header:], "depth as .npy is the tool's")
        summary = json.loads(post(f"{address}/v1/maps", file))
        expect([entry["task"] for entry in summary["maps"]] == ["semseg", "normals", "depth"], "a summary of all tasks")
        state = get_json(f"{address}/live/state")
        expect(state["source"] == picture.name and str(picture.parent) not in json.dumps(state), "no path is told")
        refused(tool, 1, "--port", "--port", address.split(":")[1])

    with serving(tool, "--source", "drive", "--threads", "1") as address:
        state = get_json(f"{address}/live/state")
        expect(state["source"].startswith("drive.mp4 "), f"the clip by its name: {state['source']}")
        frame = get_bytes(f"{address}/live/next?viewer=a&tasks=depth&after=0")
        while not frame:
            frame = get_bytes(f"{address}/live/next?viewer=a&tasks=depth&after=0")
        expect(len(frame) > 1000, f"a live frame of it, {len(frame)} bytes")
        metrics = get_bytes(f"{address}/metrics").decode()
        expect("edgemoe_live_source_up 1" in metrics and "edgemoe_live_faults_total 0" in metrics, "its source is well")

    process = subprocess.Popen([tool, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True)
    address = process.stdout.readline().split("http://")[1].strip().rstrip("/")
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(len(post(f"{address}/v1/maps", file)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    while get_json(f"{address}/v2/models/stats")["model_stats"][0]["inference_count"] < 1:
        pass
    process.send_signal(signal.SIGINT)
    for thread in threads:
        thread.join()
    expect(process.wait(timeout=300) == 0, "an interrupt ends it with 0")
    expect(len(answers) >= 1 and all(answers), f"answers that had been begun arrive: {len(answers)} of 4")

    refused(tool, 2, "no model \"no-such-model\"", "--model", "no-such-model")
    refused(tool, 1, "missing.jpg", "--source", "missing.jpg", "--port", "0")
    refused(tool, 1, "192.0.2.1", "--host", "192.0.2.1", "--port", "0")
    refused(tool, 2, "--port", "--port", "65536")


if __name__ == "__main__":
    main(*sys.argv[1:])
