#!/usr/bin/env python3
"""make_seeds.py OUT TOOL: small valid inputs for every fuzzer, under OUT/<fuzzer>/; TOOL is the edgemoe tool."""
import base64
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/cli"))
import png


def safetensors(tensors, metadata=None):
    header, data = ({"__metadata__": metadata} if metadata else {}), b""
    for name, (dtype, shape, values) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def pictures():
    rgb = bytes(range(48))
    yield "rgb.png", png.encode(4, 4, rgb)
    yield "rgb16.png", png.encode(2, 4, rgb, bits=16)
    yield "palette.png", png.encode(4, 4, bytes(16), "palette", palette=bytes(6), extra=png.chunk(b"tRNS", b"\0"))
    yield "alpha.png", png.encode(4, 3, rgb, "rgba", extra=png.chunk(b"eXIf", EXIF))
    yield "grey.jpg", JPEG
    yield "exif.jpg", JPEG[:2] + b"\xff\xe1" + struct.pack(">H", 8 + len(EXIF)) + b"Exif\0\0" + EXIF + JPEG[2:]


# A TIFF block with one entry, orientation 6.
EXIF = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
# One grey 8x8 block, baseline.
JPEG = bytes.fromhex(
    "ffd8ffdb004300" + "10" * 64 + "ffc0000b080008000801011100" "ffc4001400010000000000000000000000000000000a"
    "ffc4001410010000000000000000000000000000000000" "ffda0008010100003f00" "7fffd9")


def integer_models(tool):
    """The smallest network of each kind of router, its integers as a file."""
    for path in sorted((ROOT / "configs/models").glob("tiny*.json")):
        config = json.loads(path.read_text())
        config.update(patch_size=4, embed_dim=8, depth=2, num_heads=2, mlp_dim=8, pos_embed_grid=[2, 2])
        config["input"].update(height=8, width=8)
        config["moe"].update(blocks=[1], num_experts=2, top_k=1, expert_dim=8)
        config["head"].update(num_stages=1, channels=4)
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            (folder / "config.json").write_text(json.dumps(config))
            for command in (["new", folder / "config.json", "-o", folder / "floats"],
                            ["quantize", folder / "floats", "-o", folder / "integers"]):
                subprocess.run([tool, *command], check=True, stdout=subprocess.DEVNULL)
            yield path.stem, (folder / "integers").read_bytes()


def inference_requests():
    """Requests of the Open Inference Protocol: method and path, the JSON's length where tensors follow it, the body."""
    image = {"name": "image", "datatype": "UINT8", "shape": [2, 3, 3]}
    post = "POST /v2/models/tiny/infer"

    def request(inputs, outputs=None, tensors=b"", **more):
        body = json.dumps({"inputs": inputs, **({"outputs": outputs} if outputs else {}), **more}).encode()
        return f"{post}\n{len(body) if tensors else ''}\n".encode() + body + tensors

    def binary(size, **more):
        return {**image, "parameters": {"binary_data_size": size}, **more}

    yield "json", request([{**image, "data": list(range(18))}], id="7")
    yield "nested", request([{**image, "data": [[[1, 2, 3]] * 3] * 2}], [{"name": "depth"}])
    yield "binary", request([binary(18)], [{"name": "semseg", "parameters": {"binary_data": True}}], bytes(range(18)))
    yield "batch", request([binary(36, shape=[2, 2, 3, 3])], None, bytes(36), parameters={"binary_data_output": True})
    yield "wide", request([binary(36, datatype="UINT16")], [{"name": "normals"}], bytes(range(36)))
    file = JPEG
    encoded = {"name": "encoded_image", "datatype": "BYTES", "shape": [1]}
    yield "file", request([{**encoded, "data": [base64.b64encode(file).decode()]}], [{"name": "depth"}])
    yield "file_binary", request([{**encoded, "parameters": {"binary_data_size": 4 + len(file)}}], None,
                                 struct.pack("<I", len(file)) + file)
    yield "shared", request([{**image, "parameters": {"shared_memory_region": "x"}}])
    for number, address in enumerate(("GET /v2", "GET /v2/health/ready", "GET /v2/models/tiny/versions/1/config",
                                      "GET /v2/models/stats", "GET /v2/models/tiny/stats", "POST /v2/repository/index")):
        yield f"address{number}", f"{address}\n\n".encode()


def main(out, tool):
    for path in sorted((ROOT / "tests/golden/checkpoints").rglob("*.pth*")):
        if path.is_file():
            name = f"{path.parent.name}-{path.name}"
            (out / "checkpoint").mkdir(parents=True, exist_ok=True)
            shutil.copy(path, out / "checkpoint" / name)
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    pickle = next(entry for entry in archive.namelist() if entry.endswith("data.pkl"))
                    write(out / "pickle" / name, archive.read(pickle))
            else:
                write(out / "pickle" / name, path.read_bytes()[:40000])
    for path in sorted((ROOT / "configs/models").glob("*.json")):
        write(out / "config" / path.name, path.read_bytes())
    for folder in ("boards", "machines", "accelerators"):
        for path in sorted((ROOT / "configs" / folder).glob("*.json")):
            write(out / "hardware" / f"{folder}-{path.name}", path.read_bytes())
    write(out / "hardware" / "published.json", (ROOT / "configs/published.json").read_bytes())
    values = struct.pack("<6f", *range(6))
    write(out / "safetensors" / "two", safetensors({"a": ("F32", [2, 3], values), "b": ("BF16", [2], b"\0\0\x80\x3f")}))
    write(out / "safetensors" / "metadata", safetensors({"a": ("I32", [], b"\0\0\0\0")}, {"edgemoe.format": "1"}))
    write(out / "checkpoint" / "safetensors", safetensors({"module.a": ("F16", [3], bytes(6))}))
    for name, data in pictures():
        write(out / "image" / name, data)
    for name, data in integer_models(tool):
        write(out / "integer_model" / name, data)
    for name, data in inference_requests():
        write(out / "inference" / name, data)
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".ljust(117) + "\n"
    write(out / "npy" / "v1", b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode() + values)
    write(out / "npy" / "v2", b"\x93NUMPY\2\0" + struct.pack("<I", len(header)) + header.encode() + values)


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
