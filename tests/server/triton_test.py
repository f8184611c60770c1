"""triton_test.py TOOL SOURCE: Triton's own client, unchanged, against the service; its maps are the tool's, bit for bit.

Exit code 77 where tritonclient is not installed: pip install 'tritonclient[http]' (in a venv named by
-DEDGEMOE_CLIENTS_PYTHON=venv/bin/python).
"""
import subprocess
import sys
import tempfile
from pathlib import Path

from service import SKIP, serving

try:
    import numpy as np
    import tritonclient.http as triton
except ImportError as missing:
    print(f"skipped: {missing}; pip install 'tritonclient[http]'")
    sys.exit(SKIP)


def expect(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")
    print(f"ok: {what}")


def refused(what, call):
    try:
        call()
    except triton.InferenceServerException as fault:
        print(f"ok: {what} is refused: {fault}")
        return
    sys.exit(f"FAILED: {what} is not refused")


def read_png(path):
    """Grey or RGB samples of an 8-bit PNG without interlace, as the tool writes them."""
    import struct
    import zlib
    data, at, packed = path.read_bytes(), 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IHDR":
            width, height, bits, color = struct.unpack(">IIBB", data[at + 8:at + 18])
        if kind == b"IDAT":
            packed += data[at + 8:at + 8 + length]
        at += 12 + length
    assert bits == 8
    channels = {0: 1, 2: 3}[color]
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + width * channels)
    assert (rows[:, 0] == 0).all(), "only the filter that class maps have is read here"
    return rows[:, 1:].reshape(height, width, channels).squeeze()


def infer(client, image, outputs, **options):
    tensor = triton.InferInput("image", image.shape, "UINT8")
    tensor.set_data_from_numpy(image, binary_data=options.pop("binary_in", True))
    wanted = [triton.InferRequestedOutput(name, binary_data=binary) for name, binary in outputs.items()] or None
    return client.infer("street", [tensor], outputs=wanted, **options)


def main(tool, source):
    picture = Path(source) / "examples/pictures/rendered-street.jpg"
    with tempfile.TemporaryDirectory() as folder, serving(tool, "--model", "street=edgemoe-street") as address:
        subprocess.run([tool, "run", picture, "--model", "edgemoe-street", "-o", folder], check=True, capture_output=True)
        depth = np.load(Path(folder) / "rendered-street_depth.npy")
        normals = np.load(Path(folder) / "rendered-street_normals.npy")
        labels = read_png(Path(folder) / "rendered-street_semseg.png")

        client = triton.InferenceServerClient(address, concurrency=4)
        expect(client.is_server_live() and client.is_server_ready(), "the server lives and is ready")
        expect(client.is_model_ready("street") and client.is_model_ready("street", "1"), "the model is ready")
        expect(not client.is_model_ready("other"), "another model is not")
        expect("binary_tensor_data" in client.get_server_metadata()["extensions"], "server metadata")
        names = {output["name"] for output in client.get_model_metadata("street")["outputs"]}
        expect(names == {"semseg", "normals", "depth"}, f"model metadata: {sorted(names)}")
        expect(client.get_model_config("street")["name"] == "street", "model configuration")
        expect(client.get_model_repository_index()[0]["name"] == "street", "repository index")

        encoded = triton.InferInput("encoded_image", [1], "BYTES")
        encoded.set_data_from_numpy(np.array([picture.read_bytes()], dtype=np.object_))
        result = client.infer("street", [encoded], request_id="first")
        expect(result.get_response()["id"] == "first", "the request's id comes back")
        for name, expected in {"semseg": labels, "normals": normals, "depth": depth}.items():
            found = result.as_numpy(name)
            expect(found.dtype == expected.dtype and np.array_equal(found, expected),
                   f"{name} of the file, binary: {found.size} values equal to the tool's")

        image = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
        first = infer(client, image, {"depth": True, "semseg": False})
        expect(set(o["name"] for o in first.get_response()["outputs"]) == {"depth", "semseg"}, "only the outputs asked for")
        for how in ({"binary_in": False}, {"request_compression_algorithm": "gzip"}, {"request_compression_algorithm": "deflate"},
                    {"response_compression_algorithm": "gzip"}):
            again = infer(client, image, {"depth": False, "semseg": True}, **how)
            expect(np.array_equal(again.as_numpy("depth").astype(np.float32), first.as_numpy("depth")) and
                   np.array_equal(again.as_numpy("semseg"), first.as_numpy("semseg").astype(np.uint8)), f"the same with {how}")
        batch = infer(client, np.stack([image, image[::-1]]), {"depth": True}).as_numpy("depth")
        expect(batch.shape == (2, 40, 60) and np.array_equal(batch[0], first.as_numpy("depth")), "a batch of two")
        pending = [client.async_infer("street", [encoded]) for _ in range(6)]
        expect(all(np.array_equal(one.get_result().as_numpy("depth"), depth) for one in pending), "six requests at a time")
        counted = client.get_inference_statistics("street")["model_stats"][0]["inference_count"]
        expect(counted == 14, f"statistics count every picture: {counted}")

        refused("another model", lambda: client.infer("other", [encoded]))
        refused("another output", lambda: infer(client, image, {"edge": True}))
        refused("a shape without colours", lambda: infer(client, image[..., 0], {}))
        refused("floats", lambda: client.infer("street", [triton.InferInput("image", [1, 1, 3], "FP32").set_data_from_numpy(
            np.zeros((1, 1, 3), np.float32))]))
        expect(client.is_server_ready(), "the server is still ready")


if __name__ == "__main__":
    main(*sys.argv[1:])
