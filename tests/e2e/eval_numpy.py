#!/usr/bin/env python3
"""eval_numpy.py TOOL: every number of `edgemoe eval` against NumPy's, from the maps that `edgemoe run` writes.

The data is made here, in both layouts of dataset.json. Skipped, exit code 77, where there is no NumPy.
"""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import numpy as np
except ImportError as error:
    print(f"skipped: {error}; Debian has python3-numpy")
    sys.exit(77)

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
import png  # noqa: E402

TOOL = Path(sys.argv[1]).resolve()
CLASSES = ["sky", "road", "house", "person", "car"]  # the tiny model's, in another order
MODEL_CLASSES = ["road", "house", "sky", "person", "car"]
CAP = (0.5, 30.0)
COUNT, HEIGHT, WIDTH = 5, 37, 53
TOLERANCE = 1e-9  # relative: both sum some ten thousand float64 values


def make_scenes(seed, count):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, (count, HEIGHT, WIDTH)).astype(np.uint8)  # "car" is in no truth
    labels[rng.random(labels.shape) < 0.1] = 255
    depth = rng.uniform(0.1, 40, labels.shape).astype(np.float16)
    depth[rng.random(labels.shape) < 0.2] = 0
    normals = rng.normal(size=(*labels.shape, 3))
    normals = np.round(127 * normals / np.linalg.norm(normals, axis=-1, keepdims=True)).astype(np.int8)
    normals[rng.random(labels.shape) < 0.2] = 0
    return {"images": rng.integers(0, 256, (count, HEIGHT, WIDTH, 3)).astype(np.uint8), "labels": labels,
            "depth": depth, "normals": normals}


def write_json(folder, layout, count):
    about = {"format": "edgemoe-dataset 1", "layout": layout, "count": count, "height": HEIGHT, "width": WIDTH,
             "classes": CLASSES, "ignore": 255, "depth_unit": "m", "tasks": ["semseg", "depth", "normals"], "seed": 9}
    (folder / "dataset.json").write_text(json.dumps(about))


def write_arrays(folder, scenes):
    folder.mkdir()
    for name, values in scenes.items():
        np.save(folder / f"{name}.npy", values)
    write_json(folder, "arrays", len(scenes["images"]))


def write_files(folder, scenes):
    """Returns what the files hold after their rounding, as the arrays of a scene."""
    stored = {name: np.zeros(values.shape, np.float64) for name, values in scenes.items()}
    for kind in scenes:
        (folder / kind).mkdir(parents=True)
    for i in range(len(scenes["images"])):
        depth = np.round(scenes["depth"][i].astype(np.float64) * 256).astype(np.uint16)
        normals = np.round(127.5 * (scenes["normals"][i] / 127.0 + 1)).astype(np.uint8)
        normals[(scenes["normals"][i] == 0).all(axis=-1)] = 0
        for kind, data, color, bits in (("images", scenes["images"][i], "rgb", 8),
                                        ("labels", scenes["labels"][i], "grey", 8),
                                        ("depth", depth.astype(">u2"), "grey", 16), ("normals", normals, "rgb", 8)):
            (folder / kind / f"{i:06}.png").write_bytes(png.encode(WIDTH, HEIGHT, data.tobytes(), color, bits))
        stored["images"][i] = scenes["images"][i]
        stored["labels"][i] = scenes["labels"][i]
        stored["depth"][i] = depth / 256
        decoded = normals / np.float32(127.5) - np.float32(1)  # in float32, as a reader holds it
        stored["normals"][i] = np.where((normals == 0).all(axis=-1, keepdims=True), 0, decoded)
    write_json(folder, "files", len(scenes["images"]))
    return stored


def label_scores(predicted, truth):
    to_model = np.array([MODEL_CLASSES.index(name) for name in CLASSES] + [255] * 251)
    truth = to_model[truth.astype(int)]
    valid = truth != 255
    confusion = np.zeros((5, 5), int)
    np.add.at(confusion, (truth[valid], predicted[valid]), 1)
    either = confusion.sum(0) + confusion.sum(1) - confusion.diagonal()
    iou = [hit / total if total else None for hit, total in zip(confusion.diagonal(), either)]
    return {"mean_iou": np.mean([value for value in iou if value is not None]), "iou": iou,
            "pixel_accuracy": confusion.trace() / confusion.sum(), "confusion": confusion.tolist(),
            "ignored_pixels": int((~valid).sum())}


def depth_scores(predicted, truth, align=False):
    predicted, truth = predicted.astype(np.float64), truth.astype(np.float64)
    valid = (truth >= CAP[0]) & (truth <= CAP[1])
    if align:
        predicted = predicted.copy()
        for p, g, v in zip(predicted, truth, valid):
            usable = v & (p > 0)
            if usable.any():
                p *= np.median(g[usable]) / np.median(p[usable])
    p, g = predicted[valid], truth[valid]
    cut = int(((p < CAP[0]) | (p > CAP[1])).sum())
    p = np.clip(p, *CAP)
    ratio = np.maximum(p / g, g / p)
    return {"abs_rel": np.mean(np.abs(p - g) / g), "sq_rel": np.mean((p - g) ** 2 / g),
            "rmse": np.sqrt(np.mean((p - g) ** 2)), "rmse_log": np.sqrt(np.mean((np.log(p) - np.log(g)) ** 2)),
            **{f"delta_{i}": np.mean(ratio < 1.25 ** i) for i in (1, 2, 3)}, "scored_pixels": int(valid.sum()),
            "without_truth_pixels": int((truth == 0).sum()), "cut_predictions": cut}


def normals_scores(predicted, truth):
    valid = (truth != 0).any(axis=-1)
    p, g = predicted[valid].astype(np.float64), truth[valid].astype(np.float64)
    cosine = (p * g).sum(-1) / np.linalg.norm(p, axis=-1) / np.linalg.norm(g, axis=-1)
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return {"mean_degrees": angle.mean(), "median_degrees": np.median(angle),
            "rmse_degrees": np.sqrt((angle ** 2).mean()), "scored_pixels": int(valid.sum()),
            "within": {key: np.mean(angle < float(key)) for key in ("11.25", "22.5", "30")}}


class EvalTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="edgemoe-eval-")
        cls.folder = Path(cls.temporary.name)
        cls.model = cls.folder / "tiny.safetensors"
        cls.tool("new", "tiny", "--seed", "5", "-o", cls.model)
        cls.scenes = make_scenes(1, COUNT)
        cls.train = make_scenes(2, 3)
        cls.train["labels"][:, :2] = 255  # pixels whose class nobody knows
        cls.train["depth"][:, 3:5] = 0
        cls.train["normals"][:, 6:8] = 0
        write_arrays(cls.folder / "arrays", cls.scenes)
        write_arrays(cls.folder / "train", cls.train)
        cls.files = write_files(cls.folder / "files", cls.scenes)
        cls.tool("run", cls.folder / "files/images", "--model", cls.model, "-o", cls.folder / "maps",
                 "--dump-taps", cls.folder / "taps.safetensors")
        cls.maps = {"semseg": [], "depth": [], "normals": []}
        for i in range(COUNT):
            samples = png.decode((cls.folder / f"maps/{i:06}_semseg.png").read_bytes())[4]
            cls.maps["semseg"].append(np.array(samples).reshape(HEIGHT, WIDTH))
            for task in ("depth", "normals"):
                cls.maps[task].append(np.load(cls.folder / f"maps/{i:06}_{task}.npy"))
        cls.maps = {task: np.array(maps) for task, maps in cls.maps.items()}

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @classmethod
    def tool(cls, *arguments):
        done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, f"{arguments}\n{done.stdout}{done.stderr}"
        return done.stdout

    def report(self, data, *options):
        return json.loads(self.tool("eval", "--model", self.model, "--data", self.folder / data, "--json", "-q",
                                    "--depth-cap", f"{CAP[0]},{CAP[1]}", *options))

    def expect_close(self, found, expected, keys):
        for key in keys:
            self.assertAlmostEqual(found[key], expected[key], delta=TOLERANCE * abs(expected[key]), msg=key)

    def check_labels(self, found, predicted, truth):
        expected = label_scores(predicted, truth)
        self.assertEqual(found["confusion"], expected["confusion"])
        self.assertEqual(found["ignored_pixels"], expected["ignored_pixels"])
        self.expect_close(found, expected, ("mean_iou", "pixel_accuracy"))
        for entry, iou in zip(found["classes"], expected["iou"], strict=True):
            self.assertEqual(entry["iou"], iou)

    def check_depth(self, found, predicted, truth, align=False):
        expected = depth_scores(predicted, truth, align)
        self.expect_close(found, expected, ("abs_rel", "sq_rel", "rmse", "rmse_log", "delta_1", "delta_2", "delta_3"))
        for key in ("scored_pixels", "without_truth_pixels", "cut_predictions"):
            self.assertEqual(found[key], expected[key], key)

    def check_normals(self, found, predicted, truth):
        expected = normals_scores(predicted, truth)
        self.expect_close(found, expected, ("mean_degrees", "rmse_degrees"))
        self.assertAlmostEqual(found["median_degrees"], expected["median_degrees"], delta=0.005)
        self.assertEqual(found["scored_pixels"], expected["scored_pixels"])
        for key, share in expected["within"].items():
            self.assertAlmostEqual(found["within_degrees"][key], share, delta=1e-12)

    def test_arrays_equal_numpy(self):
        results = self.report("arrays")["results"]
        self.check_labels(results["semseg"]["model"], self.maps["semseg"], self.scenes["labels"])
        self.check_depth(results["depth"]["model"], self.maps["depth"], self.scenes["depth"])
        self.check_normals(results["normals"]["model"], self.maps["normals"],
                           self.scenes["normals"] / np.float32(127))

    def test_files_equal_numpy(self):
        results = self.report("files", "--batch", "3")["results"]
        self.check_labels(results["semseg"]["model"], self.maps["semseg"], self.files["labels"])
        self.check_depth(results["depth"]["model"], self.maps["depth"], self.files["depth"])
        self.check_normals(results["normals"]["model"], self.maps["normals"], self.files["normals"])

    def test_aligned_depth_equals_numpy(self):
        results = self.report("arrays", "--align-scale", "--task", "depth")["results"]
        self.check_depth(results["depth"]["model"], self.maps["depth"], self.scenes["depth"], align=True)

    def test_prior_equals_numpy(self):
        results = self.report("arrays", "--prior", self.folder / "train")["results"]
        counts = np.array([[(pixels == c).sum() for c in range(4)] for pixels in
                           self.train["labels"].reshape(3, -1).T])
        # Ties go to the model's lower class: road, house, sky, person.
        order = [CLASSES.index(name) for name in ("road", "house", "sky", "person")]
        best = counts[:, order].argmax(axis=1)
        best[counts.sum(axis=1) == 0] = counts.sum(axis=0)[order].argmax()
        prior = np.broadcast_to(best.reshape(1, HEIGHT, WIDTH), self.scenes["labels"].shape)
        self.check_labels(results["semseg"]["prior"], prior, self.scenes["labels"])

        depth = self.train["depth"].astype(np.float64)
        seen = (depth > 0).sum(axis=0)
        mean = np.where(seen > 0, depth.sum(axis=0) / np.maximum(seen, 1), depth.sum() / (depth > 0).sum())
        prior = np.broadcast_to(mean.astype(np.float32), self.scenes["depth"].shape)
        self.check_depth(results["depth"]["prior"], prior, self.scenes["depth"])

        normals = self.train["normals"].astype(np.float64)
        length = np.linalg.norm(normals, axis=-1, keepdims=True)
        sums = np.divide(normals, length, out=np.zeros_like(normals), where=length > 0).sum(axis=0)
        sums[(sums == 0).all(axis=-1)] = sums.sum(axis=(0, 1))
        prior = np.broadcast_to(sums.astype(np.float32), self.scenes["normals"].shape)
        found, expected = results["normals"]["prior"], normals_scores(prior, self.scenes["normals"])
        # The prior's unit vectors are stored as float32: 2**-24 a component, below 1e-5 degrees of angle.
        self.assertAlmostEqual(found["mean_degrees"], expected["mean_degrees"], delta=1e-5)

    def test_routing_equals_the_taps(self):
        report = self.report("arrays", "--routing", "--batch", "2")
        header_size = int.from_bytes((data := (self.folder / "taps.safetensors").read_bytes())[:8], "little")
        header = json.loads(data[8:8 + header_size])
        compared = 0
        for block in report["routing"]:
            shares = {}
            for task, found in block["tasks"].items():
                picks = np.zeros(4, int)
                for i in range(COUNT):
                    first, last = header[f"image{i}/{task}/block{block['block']}.router.indices"]["data_offsets"]
                    indices = np.frombuffer(data[8 + header_size + first:8 + header_size + last], np.int32)
                    picks += np.bincount(indices, minlength=4)
                self.assertEqual(found["picks"], picks.tolist())
                shares[task] = picks / picks.sum()
                compared += 1
            for distance in block["distances"]:
                one, other = distance["tasks"]
                self.assertAlmostEqual(distance["total_variation"], np.abs(shares[one] - shares[other]).sum() / 2)
            self.assertEqual(len(block["distances"]), 3)
        self.assertEqual(compared, 2 * 3)

    def test_threads_and_batch_change_nothing(self):
        options = ("--prior", self.folder / "train", "--routing", "--align-scale")
        expected = self.report("files", *options, "--threads", "1", "--batch", "1")
        for threads, batch in ((2, 1), (5, 3)):
            report = self.report("files", *options, "--threads", str(threads), "--batch", str(batch))
            self.assertEqual(report["run"]["threads"], threads)
            for one in (report, expected):
                one.pop("run", None)
            self.assertEqual(json.dumps(report), json.dumps(expected))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
