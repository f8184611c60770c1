"""Videos as iterators of arrays."""
import copy
import gc
import multiprocessing
import os
import threading

import numpy as np
import pytest
from conftest import assert_same_maps

import edgemoe
from edgemoe.named_files import find_clip

pytestmark = pytest.mark.skipif(not edgemoe.video_supported(), reason="built without FFmpeg")


@pytest.fixture
def clip():
    """The file of the clip that comes with edgemoe."""
    path = find_clip("drive")
    assert path.is_file(), path
    return path


def test_a_clip_that_comes_with_edgemoe_has_frames_and_facts():
    with edgemoe.VideoReader("drive") as video:
        assert (video.codec, video.live) == ("h264", False)
        frames = list(video)
        assert len(frames) == video.num_frames > 50
        assert video.duration == pytest.approx(video.num_frames / video.frame_rate)
        assert video.num_damaged == 0
    for number, frame in enumerate(frames):
        assert frame.number == number
        assert frame.picture.dtype == np.uint8
        assert frame.picture.shape == (video.height, video.width, 3)
    times = [frame.time for frame in frames]
    assert times[0] == 0 and times == sorted(set(times))
    assert len({frame.picture.tobytes() for frame in frames}) == len(frames)


def test_frames_own_the_librarys_memory_and_may_be_changed(clip):
    video = edgemoe.VideoReader(clip)
    first = next(video).picture
    assert type(first.base).__name__ == "PyCapsule"
    kept = first.copy()
    second = next(video).picture
    second[:] = 0
    del video, second
    gc.collect()
    np.testing.assert_array_equal(first, kept)


def test_maps_of_frames_are_those_of_the_tool(clip, tiny, tiny_file, tool, tmp_path):
    tool("run", clip, "--model", tiny_file, "--frames", tmp_path, "--limit", 3)
    for frame, _ in zip(edgemoe.VideoReader(clip), range(3)):
        expected = {task: np.load(tmp_path / f"frame{frame.number:06}_{task}.npy") for task in ("normals", "depth")}
        assert_same_maps(tiny.run(frame.picture, list(expected)), expected)


def test_a_loop_begins_again_and_time_goes_on(clip):
    whole = [frame.picture for frame in edgemoe.VideoReader(clip)]
    video = edgemoe.VideoReader(clip, loop=True)
    frames = [next(video) for _ in range(len(whole) + 2)]
    np.testing.assert_array_equal(frames[-1].picture, whole[1])
    assert frames[-1].time > frames[-2].time > frames[-3].time


def test_threads_share_the_frames(clip):
    video, numbers = edgemoe.VideoReader(clip), [[] for _ in range(4)]

    def read(mine):
        mine.extend(frame.number for frame in video)

    threads = [threading.Thread(target=read, args=(mine,)) for mine in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sum(numbers, [])) == list(range(video.num_frames))


def test_an_end_is_an_end(clip):
    video = edgemoe.VideoReader(clip)
    assert len(list(video)) == video.num_frames
    assert video.read() is None
    assert list(video) == []
    video = edgemoe.VideoReader(clip, loop=True)
    assert video.read() is not None
    video.interrupt()
    for _ in range(20):  # what the decoder held already may still come
        if video.read() is None:
            break
    assert video.read() is None
    video.close()
    video.close()
    with pytest.raises(edgemoe.InvalidArgumentError, match="closed"):
        video.read()
    assert "closed" in repr(video)


def test_what_is_no_video_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing.mp4"):
        edgemoe.VideoReader(tmp_path / "missing.mp4")
    with pytest.raises(FileNotFoundError, match="no-such-clip"):
        edgemoe.VideoReader("no-such-clip")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("these are words, and no video at all\n" * 20)
    for name in ("empty.mp4", "text.mp4", "."):
        with pytest.raises(edgemoe.MalformedError):
            edgemoe.VideoReader(tmp_path / name)
    with pytest.raises(edgemoe.InvalidArgumentError, match="camera"):
        edgemoe.VideoReader("/dev/null", loop=True)
    with pytest.raises(TypeError):
        edgemoe.VideoReader(3)


def test_damaged_frames_are_counted(clip, tmp_path):
    data = bytearray(clip.read_bytes())
    start = data.index(b"mdat") + 4
    middle = (start + len(data)) // 2
    for at in range(middle, middle + 1500):
        data[at] ^= 0xA5
    (tmp_path / "damaged.mp4").write_bytes(data)
    video = edgemoe.VideoReader(tmp_path / "damaged.mp4")
    assert 0 < len(list(video)) < video.num_frames
    assert video.num_damaged > 0


def test_a_name_in_the_way_wins(clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "drive").write_text("text")
    with pytest.raises(edgemoe.MalformedError):
        edgemoe.VideoReader("drive")
    (tmp_path / "drive").unlink()
    (tmp_path / "mine.mp4").write_bytes(clip.read_bytes())
    monkeypatch.setenv("EDGEMOE_VIDEO_DIR", str(tmp_path))
    assert edgemoe.VideoReader("mine").codec == "h264"


def read_forked(video, answers):
    try:
        answers.put(video.read())
    except edgemoe.InvalidArgumentError as error:
        answers.put(str(error))


def test_a_forked_process_is_told(clip):
    video = edgemoe.VideoReader(clip)
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    process = context.Process(target=read_forked, args=(video, answers))
    process.start()
    assert "forked" in answers.get(timeout=300)
    process.join(60)
    assert process.exitcode == 0
    assert video.read() is not None
    with pytest.raises(TypeError, match="pickled"):
        copy.copy(video)


def test_memory_is_flat_over_many_frames(clip):
    def resident():
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    video = edgemoe.VideoReader(clip, loop=True)
    for _ in range(300):
        next(video)
    before = resident()
    for _ in range(1500):
        next(video)
    assert resident() - before < 16 << 20
