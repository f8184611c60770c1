"""PNG files with the standard library alone: enough to make test pictures and to look into the tool's output."""
import struct
import zlib

COLOR_TYPES = {"grey": 0, "rgb": 2, "palette": 3, "grey_alpha": 4, "rgba": 6}
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def encode(width, height, samples, kind="rgb", bits=8, palette=None, extra=b""):
    """`samples`: rows one after the other, bytes of the format (16 bits: big-endian). `extra`: chunks before the data."""
    stride = len(samples) // height
    rows = b"".join(b"\0" + samples[y * stride:(y + 1) * stride] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, bits, COLOR_TYPES[kind], 0, 0, 0)
    colors = chunk(b"PLTE", palette) if palette else b""
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + colors + extra + chunk(b"IDAT", zlib.compress(rows)) +
            chunk(b"IEND", b""))


def _unfilter(kind, line, above, step):
    for i, value in enumerate(line):
        left = line[i - step] if i >= step else 0
        up = above[i]
        corner = above[i - step] if i >= step else 0
        if kind == 1:
            value += left
        elif kind == 2:
            value += up
        elif kind == 3:
            value += (left + up) // 2
        elif kind == 4:
            guess = left + up - corner
            value += min((left, up, corner), key=lambda c: abs(guess - c))
        line[i] = value & 255
    return line


def decode(data):
    """(width, height, channels, bits, samples): samples as a list, rows one after the other."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "not a PNG"
    place, packed = 8, b""
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place:place + 8])
        body = data[place + 8:place + 8 + length]
        if kind == b"IHDR":
            width, height, bits, color, _, _, interlace = struct.unpack(">IIBBBBB", body)
            assert interlace == 0 and bits in (8, 16)
        elif kind == b"IDAT":
            packed += body
        place += 12 + length
    channels = CHANNELS[color]
    step = channels * bits // 8
    stride = width * step
    raw, above, out = zlib.decompress(packed), bytearray(stride), bytearray()
    for y in range(height):
        start = y * (stride + 1)
        above = _unfilter(raw[start], bytearray(raw[start + 1:start + 1 + stride]), above, step)
        out += above
    samples = list(out) if bits == 8 else list(struct.unpack(f">{len(out) // 2}H", bytes(out)))
    return width, height, channels, bits, samples
