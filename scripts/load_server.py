#!/usr/bin/env python3
"""load_server.py [SECONDS]: `edgemoe serve` under more than it can take: floods, bad bodies, slow clients; what it answers and what it keeps.

Each phase takes SECONDS (10), that of slow clients 75 at least. wrk (Debian's) makes the floods. Exit code 1 when the service does not answer after a phase or does not end in
order, a phase had no answers or others than it must have (PHASES), slow clients were not ended, or the last flood left much more memory
than the first.
"""
import argparse
import collections
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "examples/pictures/rendered-street.jpg"
# Of each phase: what must be among its answers, and what else may be (docs/serve.md). Slow clients: which must have been cut off.
PHASES = {
    "pictures, 8 connections": ({200}, {429, 503}),
    "pictures, 100 connections": ({200}, {429, 503}),
    "bad requests, 50 connections": ({400, 413}, {204, 404, 503}),
    "the page, 400 connections": ({200}, {503}),
    "slow clients, 198 connections": ({"header cut off", "body cut off", "reader cut off"}, set()),
    "bad requests again": ({400, 413}, {204, 404, 503}),
    "pictures again, 100 connections": ({200}, {429, 503}),
    "and again": ({200}, {429, 503}),
}
FIRST_FLOOD, LAST_FLOOD = "pictures, 100 connections", "and again"
MAX_GROWTH = 1.5  # of the memory from the first flood to the last
# A connection has 30 s for its body or answer, and may have waited as long in line behind others like it (docs/serve.md).
SLOW_SECONDS = 75
STATUSES = """
local counts, threads = {}, {}
function setup(thread) table.insert(threads, thread) end
function response(status) counts[status] = (counts[status] or 0) + 1; text = "" for s, n in pairs(counts) do text = text .. s .. ":" .. n .. " " end end
function done() for _, thread in ipairs(threads) do print("statuses " .. (thread:get("text") or "")) end end
"""
GOOD = """
local file = io.open("PICTURE", "rb"); local body = file:read("*a"); file:close()
function request() return wrk.format("POST", "/v1/maps?tasks=depth", nil, body) end
"""
# Another kind of bad request each time: a half picture, half a JSON, a tensor that is not there, brackets, a wrong length, noise.
BAD = """
local file = io.open("PICTURE", "rb"); local picture = file:read("*a"); file:close()
local infer = "/v2/models/edgemoe-street/infer"
local image = '{"inputs":[{"name":"image","datatype":"UINT8","shape":[64,64,3],'
local i = 0
function request()
  i = i + 1
  local kind = i % 8
  if kind == 0 then return wrk.format("POST", "/v1/maps", nil, picture:sub(1, math.random(#picture - 1))) end
  if kind == 1 then return wrk.format("POST", infer, nil, image .. '"data":[1,2') end
  if kind == 2 then return wrk.format("POST", infer, nil, image .. '"parameters":{"binary_data_size":12288}}]}') end
  if kind == 3 then return wrk.format("POST", infer, nil, string.rep("[", 200000)) end
  if kind == 4 then return wrk.format("POST", infer, {["Inference-Header-Content-Length"] = "99999999999999999999"}, "{}") end
  if kind == 5 then return wrk.format("POST", infer, nil, '{"inputs":[{"name":"image","datatype":"UINT8","shape":[100000000,100000000,3],"data":[]}]}') end
  if kind == 6 then return wrk.format("GET", "/live/next?after=" .. string.rep("9", 1000)) end
  local noise = {}
  for n = 1, 2000 do noise[n] = string.char(math.random(0, 255)) end
  return wrk.format("POST", "/v1/maps?tasks=depth", nil, table.concat(noise))
end
"""


def wrk(address, script, seconds, connections):
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write((script + STATUSES).replace("PICTURE", str(PICTURE)))
        file.flush()
        done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", file.name, f"http://{address}/"],
                              capture_output=True, text=True, check=True)
    counts = collections.Counter()
    for status, number in re.findall(r"(\d{3}):(\d+)", "".join(re.findall("statuses (.*)", done.stdout))):
        counts[int(status)] += int(number)
    errors = re.search("Socket errors: (.*)", done.stdout)
    return dict(sorted(counts.items())), errors.group(1) if errors else ""


def slow_clients(address, seconds, connections=200):
    """Connections that send a byte of a header or a body now and then, or take no answer; how many the server ended."""
    host, port = address.split(":")
    ended, end, lock = collections.Counter(), time.monotonic() + seconds, threading.Lock()
    heads = {"header": b"POST /v1/maps HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ",
             "body": b"POST /v1/maps HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000000\r\n\r\n",
             "reader": b"GET /page.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 500}

    def trickle(kind):
        try:
            with socket.create_connection((host, int(port)), timeout=5) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.settimeout(1)
                client.sendall(heads[kind])
                while time.monotonic() < end:
                    client.sendall(b"x")
                    time.sleep(0.5)
            outcome = f"{kind} held to the end"
        except OSError:
            outcome = f"{kind} cut off"
        with lock:
            ended[outcome] += 1

    threads = [threading.Thread(target=trickle, args=(kind,)) for _ in range(connections // len(heads)) for kind in heads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return dict(sorted(ended.items())), ""


def resident_mib(process):
    with open(f"/proc/{process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def answers(address):
    """Whether a picture is answered within a minute; 429 and 503 are told to try again."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://{address}/v1/maps?tasks=depth", data=PICTURE.read_bytes(), timeout=30) as answer:
                return bool(json.load(answer)["maps"])
        except OSError:
            time.sleep(0.5)
    return False


def judge(name, counts):
    """What is wrong with the answers of a phase."""
    needed, allowed = PHASES[name]
    faults = [f"{name}: expected some {answer}, found none in {counts}" for answer in sorted(needed - counts.keys(), key=str)]
    return faults + [f"{name}: expected no {answer}, found {counts[answer]}" for answer in counts if answer not in needed | allowed]


def judge_memory(mib):
    """What is wrong with the memory after the phases."""
    first, last = mib.get(FIRST_FLOOD), mib.get(LAST_FLOOD)
    if first is None or last is None:
        return ["memory: not both floods were run"]
    return [f"memory: expected at most {MAX_GROWTH} times {first:.0f} MiB, found {last:.0f}"] if last > MAX_GROWTH * first else []


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seconds", type=int, nargs="?", default=10)
    parser.add_argument("--tool", type=Path, default=ROOT / "build/default/bin/edgemoe")
    options = parser.parse_args()
    server = subprocess.Popen([options.tool, "serve", "--port", "0", "--source", "drive", "--type", "int8", "--max-body", "64"],
                              stdout=subprocess.PIPE, text=True)
    address = server.stdout.readline().split("http://")[1].strip().rstrip("/")
    phases = {
        "pictures, 8 connections": lambda: wrk(address, GOOD, options.seconds, 8),
        "pictures, 100 connections": lambda: wrk(address, GOOD, options.seconds, 100),
        "bad requests, 50 connections": lambda: wrk(address, BAD, options.seconds, 50),
        "the page, 400 connections": lambda: wrk(address, 'function request() return wrk.format("GET", "/page.js") end', options.seconds, 400),
        "slow clients, 198 connections": lambda: slow_clients(address, max(options.seconds, SLOW_SECONDS)),
        "bad requests again": lambda: wrk(address, BAD, options.seconds, 50),
        "pictures again, 100 connections": lambda: wrk(address, GOOD, options.seconds, 100),
        "and again": lambda: wrk(address, GOOD, options.seconds, 100),
    }
    faults, mib = [], {}
    assert phases.keys() == PHASES.keys()
    print(f"{'phase':<34} {'MiB':>6}  answers", flush=True)
    for name, phase in phases.items():
        counts, errors = phase()
        mib[name] = resident_mib(server)
        print(f"{name:<34} {mib[name]:>6.0f}  {counts} {errors}", flush=True)
        faults += judge(name, counts)
        if server.poll() is not None or not answers(address):
            faults.append(f"{name}: does not answer any more")
            break
    faults += judge_memory(mib)
    server.terminate()
    if server.wait(timeout=60) != 0:
        faults.append(f"ended with {server.returncode}")
    print("\n".join(faults) or "answered after each phase, ended in order")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
