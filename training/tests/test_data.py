"""Readers, drawing order, augmentation and losses, on examples made by hand."""
import dataclasses
import errno
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from common import tiny_config, toy
import numpy as np
import torch

from augment import NO_AUGMENTATION, Augmentation, augment, flip, zoom
from data import ArrayData, Order, check_truth, everything, hold_out
from dataset_json import check_classes, read_description
from datasets import DataSource, tasks_of
from layout import DataError
from losses import Losses, class_weights, depth_loss, normals_loss, semseg_loss
from preprocessing import fill_far

SIZE = (32, 48)
TASKS = ["semseg", "normals", "depth"]


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="edgemoe-training-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.said = []

    def open(self, tasks, folder=None, config=None):
        source = DataSource(folder or self.folder / "own", tasks, config or tiny_config(), self.folder / "cache")
        return source.open(self.said.append)


class Files(Folder):
    def setUp(self):
        super().setUp()
        try:
            from PIL import Image
        except ImportError as error:
            self.skipTest(f"{error}: Debian's python3-pil")
        self.image = Image
        generator = np.random.default_rng(1)
        self.truth = [toy.render(generator, 64, 96) for _ in range(3)]
        for name in ("images", "labels", "depth", "normals"):
            (self.folder / "own" / name).mkdir(parents=True)
        for number, (image, labels, depth, normals) in enumerate(self.truth):
            self.save("images", number, image, ".jpg" if number else ".png")
            self.save("labels", number, labels)
            self.save("depth", number, np.rint(depth * 256).clip(0, 65535).astype(np.uint16))
            stored = np.rint(127.5 * (normals + 1)).astype(np.uint8)
            stored[~normals.any(axis=2)] = 0
            self.save("normals", number, stored)

    def save(self, folder, number, values, suffix=".png"):
        self.image.fromarray(values).save(self.folder / "own" / folder / f"street {number}{suffix}")

    def test_every_file_becomes_its_array(self):
        data = self.open(TASKS)
        self.assertEqual(len(data), 3)
        batch = data.read([0, 2])
        self.assertEqual(tuple(batch["images"].shape), (2, 3, *SIZE))
        for row, number in enumerate((0, 2)):
            _, labels, depth, normals = self.truth[number]
            # Half the size: a target pixel's centre is the corner of four source pixels, of which the lower right counts.
            np.testing.assert_array_equal(batch["semseg"][row], labels[1::2, 1::2])
            valid = depth[1::2, 1::2] > 0
            np.testing.assert_allclose(batch["depth"][row].numpy()[valid], depth[1::2, 1::2][valid],
                                       rtol=2 ** -10, atol=2 ** -9)
            got = batch["normals"][row].permute(1, 2, 0).numpy()
            self.assertGreater(valid.sum(), 100)
            np.testing.assert_allclose(got[valid], normals[1::2, 1::2][valid], atol=0.02)

    def test_packing_happens_once_for_the_same_files(self):
        first = self.open(TASKS).read([1])
        again = self.open(TASKS).read([1])
        self.assertEqual(len(self.said), 1)
        self.assertTrue(all(torch.equal(first[name], again[name]) for name in first))
        self.save("labels", 1, np.full((64, 96), 2, np.uint8))
        self.assertTrue(bool((self.open(TASKS).read([1])["semseg"] == 2).all()))
        self.assertEqual(len(self.said), 2)

    def test_a_folder_that_is_missing_is_a_task_that_is_missing(self):
        shutil.rmtree(self.folder / "own" / "depth")
        self.assertEqual(tasks_of(self.folder / "own"), ["semseg", "normals"])
        self.assertEqual(len(self.open(["semseg"])), 3)
        with self.assertRaisesRegex(DataError, r"no ground truth for depth \(it has: semseg, normals\); choose with --tasks"):
            self.open(TASKS)

    def refuse_packing(self, message, tasks=TASKS):
        with self.assertRaisesRegex(DataError, message):
            self.open(tasks)

    def refuse(self, message, tasks=TASKS):
        self.refuse_packing(message, tasks)
        left = [path for path in (self.folder / "cache").glob("*")] if (self.folder / "cache").is_dir() else []
        self.assertEqual(left, [])

    def test_a_missing_file_is_named(self):
        (self.folder / "own" / "labels" / "street 1.png").unlink()
        self.refuse(r"labels/street 1\.png: missing; street 1\.jpg needs it")

    def test_a_file_of_another_size_is_named_with_both_sizes(self):
        self.save("depth", 2, np.zeros((64, 90), np.uint16))
        self.refuse(r"depth/street 2\.png: 64x90, its picture 64x96")

    def test_a_label_past_the_last_class_is_named(self):
        wrong = self.truth[0][1].copy()
        wrong[5, 7] = 9
        self.save("labels", 0, wrong)
        self.refuse(r"labels/street 0\.png: label 9 in 1 pixels; the configuration has 4 classes, 0 to 3")

    def describe(self, **values):
        (self.folder / "own" / "dataset.json").write_text(json.dumps(
            dict({"format": "edgemoe-dataset 1", "layout": "files", "classes": toy.CLASSES}, **values)))

    def test_the_ignored_label_is_packed_as_255(self):
        self.describe(ignore=3)
        self.assertNotIn(3, self.open(TASKS).read([0, 1, 2])["semseg"])
        wrong = self.truth[0][1].copy()
        wrong[:] = 200
        self.save("labels", 0, wrong)
        self.describe(ignore=200)
        labels = self.open(TASKS).read([0, 2])["semseg"]
        self.assertEqual(labels[0].unique().tolist(), [255])
        np.testing.assert_array_equal(labels[1], self.truth[2][1][1::2, 1::2])
        # The same files, another meaning: packed anew.
        self.describe(ignore=0)
        self.refuse_packing(r"labels/street 0\.png: label 200 .* and 0 means ignore")

    def test_packed_labels_are_held_against_another_configuration(self):
        self.open(TASKS)
        config = tiny_config()
        config["tasks"][0].update(outputs=3, class_names=[])
        # Twice: when the labels are looked through, and when it is remembered what was found.
        for _ in range(2):
            with self.assertRaisesRegex(DataError, r"own: label 3 in picture 0 .* has 3 classes, 0 to 2"):
                self.open(TASKS, config=config)
        self.assertEqual(len(self.said), 1)

    def test_arrays_of_another_format_are_packed_anew(self):
        self.open(TASKS)
        with mock.patch("files.PACKED_FORMAT", 0):
            self.open(TASKS)
        self.assertEqual(len(self.said), 2)

    def test_a_full_disk_is_an_error_before_anything_is_written(self):
        with mock.patch("os.posix_fallocate", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            self.refuse(r"making-\d+: No space left on device: the pictures of .*own cannot be packed there")

    def test_what_a_killed_process_left_is_removed(self):
        gone = subprocess.Popen(["true"])
        gone.wait()
        for number in (gone.pid, os.getppid()):
            (self.folder / "cache" / f"abc.making-{number}").mkdir(parents=True)
        self.open(TASKS)
        left = [path.name for path in (self.folder / "cache").glob("*.making-*")]
        self.assertEqual(left, [f"abc.making-{os.getppid()}"])

    def test_the_number_of_pictures_is_checked(self):
        self.describe(count=2)
        self.refuse(r'own/dataset\.json: "count" is 2, found 3')

    def test_two_pictures_for_one_label_are_refused(self):
        self.save("images", 1, self.truth[1][0], ".png")
        self.refuse(r"images: two pictures are named street 1")

    def test_wrong_kinds_of_pictures_are_refused(self):
        self.save("labels", 0, self.truth[0][0])
        self.refuse(r"labels/street 0\.png: expected a PNG of class numbers .*found 8 bits, RGB", ["semseg"])
        self.save("depth", 0, self.truth[0][1])
        self.refuse(r"depth/street 0\.png: expected a PNG of 16-bit grey .*found 8 bits, grey", ["depth"])
        (self.folder / "own" / "images" / "street 0.png").write_bytes(b"no picture")
        self.refuse(r"images/street 0\.png: no JPEG or PNG", ["normals"])

    def test_headers_are_looked_at_before_anything_is_packed(self):
        self.save("labels", 2, self.truth[2][0])
        self.refuse(r"labels/street 2\.png: expected a PNG of class numbers")
        self.assertEqual(self.said, [])

    def test_packing_tells_how_far_it_is(self):
        with mock.patch("files.SAY_EVERY", 0.0):
            self.open(TASKS)
        self.assertEqual(len(self.said), 3)
        self.assertRegex(self.said[0], r"^packing 3 pictures of .*own into .*, once$")
        for number, line in enumerate(self.said[1:], 1):
            self.assertRegex(line, rf"^packed {number} of 3  \d+\.\d pictures/s  0:00:0\d left$")

    def test_pictures_of_different_sizes_are_resized_each_by_itself(self):
        image, labels, depth, normals = (values[:40, :50] for values in self.truth[0])
        self.save("images", 0, image)
        self.save("labels", 0, labels)
        self.save("depth", 0, np.rint(depth * 256).clip(0, 65535).astype(np.uint16))
        self.save("normals", 0, np.rint(127.5 * (normals + 1)).astype(np.uint8))
        batch = self.open(TASKS).read([0, 1])
        rows, columns = (((np.arange(wanted) + 0.5) * have / wanted).astype(int) for wanted, have in zip(SIZE, (40, 50)))
        np.testing.assert_array_equal(batch["semseg"][0], labels[rows][:, columns])
        np.testing.assert_array_equal(batch["semseg"][1], self.truth[1][1][1::2, 1::2])


class Arrays(Folder):
    def setUp(self):
        super().setUp()
        toy.write_arrays(self.folder / "toy", 10, *SIZE, seed=3)

    def test_values_come_as_they_were_stored(self):
        batch = self.open(TASKS, self.folder / "toy").read([4, 7])
        stored = {name: np.load(self.folder / "toy" / f"{name}.npy")[[4, 7]] for name in ("images", "depth", "normals")}
        np.testing.assert_array_equal(batch["images"].permute(0, 2, 3, 1), stored["images"])
        np.testing.assert_array_equal(batch["depth"], stored["depth"].astype(np.float32))
        length = batch["normals"].norm(dim=1)
        self.assertTrue(bool(((length - 1).abs() < 1e-6).logical_or(length == 0).all()))

    def test_faults_are_named(self):
        toy_folder = self.folder / "toy"

        def save_labels(*shape):
            np.save(toy_folder / "labels.npy", np.zeros(shape, np.uint8))

        cases = ((r"expected uint8 \[N, 32, 48\]", lambda: save_labels(10, 16, 48)),
                 (r"numbers of pictures differ", lambda: save_labels(9, *SIZE)),
                 (r"labels\.npy: not an array", lambda: (toy_folder / "labels.npy").write_bytes(b"")),
                 (r'labels\.npy: is not there, but "tasks"', lambda: (toy_folder / "labels.npy").unlink()),
                 (r"not JSON", lambda: (toy_folder / "dataset.json").write_text("{")),
                 (r'"format" is missing; expected "edgemoe-dataset 1"',
                  lambda: (toy_folder / "dataset.json").write_text("{}")),
                 (r"the key 'layout' stands twice",
                  lambda: (toy_folder / "dataset.json").write_text('{"layout": "files", "layout": "arrays"}')),
                 (r"too many brackets", lambda: (toy_folder / "dataset.json").write_text("[" * 100000)),
                 (r"not JSON: 'utf-8' codec", lambda: (toy_folder / "dataset.json").write_bytes(b'{"a": "\xff"}')),
                 (r"expected an object", lambda: (toy_folder / "dataset.json").write_text("[3]")))
        for message, damage in cases:
            damage()
            with self.assertRaisesRegex(DataError, message):
                self.open(TASKS, toy_folder)
        with self.assertRaisesRegex(DataError, "no such folder"):
            self.open(TASKS, self.folder / "nowhere")

    def describe(self, **changes):
        path = self.folder / "toy" / "dataset.json"
        path.write_text(json.dumps(dict(json.loads(path.read_text()), **changes)))

    def test_the_ignored_label_is_read_as_255(self):
        stored = np.load(self.folder / "toy" / "labels.npy")
        self.assertIn(3, stored)
        self.describe(ignore=3)
        batch = self.open(TASKS, self.folder / "toy").read(np.arange(10))
        np.testing.assert_array_equal(batch["semseg"], np.where(stored == 3, 255, stored))

    def test_a_label_past_the_last_class_is_found_wherever_it_stands(self):
        labels = np.load(self.folder / "toy" / "labels.npy")
        labels[7, 31, 47] = 4
        np.save(self.folder / "toy" / "labels.npy", labels)
        for at_once in (1 << 24, 1):
            with mock.patch("datasets.LABELS_AT_ONCE", at_once):
                with self.assertRaisesRegex(DataError, r"toy: label 4 in picture 7 .*has 4 classes, 0 to 3"):
                    self.open(TASKS, self.folder / "toy")
            shutil.rmtree(self.folder / "cache")
        self.assertEqual(len(self.open(["depth"], self.folder / "toy")), 10)
        self.describe(ignore=4)
        self.assertEqual(len(self.open(TASKS, self.folder / "toy")), 10)

    def test_the_labels_are_looked_through_once(self):
        toy_folder = self.folder / "toy"
        self.open(TASKS, toy_folder)
        with mock.patch("datasets.np.where", side_effect=AssertionError("looked through again")):
            self.open(TASKS, toy_folder)
        labels = np.load(toy_folder / "labels.npy")
        labels[9] = 200
        np.save(toy_folder / "labels.npy", labels)
        os.utime(toy_folder / "labels.npy", ns=(0, 0))
        with self.assertRaisesRegex(DataError, "label 200 in picture 9"):
            self.open(TASKS, toy_folder)

    def test_what_dataset_json_says_is_checked(self):
        toy_folder = self.folder / "toy"
        first = (toy_folder / "dataset.json").read_text()
        for changes, message in (({"count": 11}, r'dataset\.json: "count" is 11, found 10'),
                                 ({"height": 64}, r'"height" is 64, found 32'),
                                 ({"width": 64}, r'"width" is 64, found 48'),
                                 ({"depth_unit": "mm"}, r'"depth_unit": expected "m", found \'mm\''),
                                 ({"ignore": 256}, r'"ignore": expected a whole number from 0 to 255, found 256'),
                                 ({"ignore": "x"}, r'"ignore": expected a whole number'),
                                 ({"count": True}, r'"count": expected a whole number'),
                                 ({"tasks": ["semseg", "colour"]}, r'"tasks": \'colour\' is no task'),
                                 ({"tasks": ["semseg", "human_parts"]},
                                  r"no ground truth for normals, depth \(it has: semseg\)"),
                                 ({"classes": ["a", "a"]}, r'"classes": \'a\' stands there twice'),
                                 ({"classes": "abc"}, r'"classes": expected an array of texts'),
                                 ({"layout": "zip"}, r'"layout" is \'zip\''),
                                 ({"layout": None}, r'"layout" is missing; expected "files" or "arrays"'),
                                 ({"format": "other"}, r'"format" is not "edgemoe-dataset 1" but \'other\''),
                                 ({"classes": [f"c{n}" for n in range(256)]}, r'"classes": at most 255 fit .* found 256'),
                                 ({"classes": [f"c{n}" for n in range(5)]}, r"toy: has 5 classes .*configuration tiny 4 ")):
            (toy_folder / "dataset.json").write_text(first)
            self.describe(**changes)
            with self.assertRaisesRegex(DataError, message):
                self.open(TASKS, toy_folder)
        (toy_folder / "dataset.json").write_text(first)
        self.describe(count=None, height=None, width=None, ignore=None, depth_unit=None, tasks=None)
        self.assertEqual(len(self.open(TASKS, toy_folder)), 10)

    def test_other_classes_than_the_networks_are_refused(self):
        description = read_description(self.folder / "toy")
        check_classes(tiny_config(), description, "toy")
        with self.assertRaisesRegex(DataError, r"has 2 classes \(a, b\)"):
            check_classes(tiny_config(), dataclasses.replace(description, classes=("a", "b")), "toy")
        with self.assertRaisesRegex(DataError, "copy the configuration"):
            check_classes(tiny_config(), dataclasses.replace(description, classes=("a", "b", "c", "d")), "toy")

    def test_an_epoch_draws_each_picture_once(self):
        order = Order(10, 4, seed=5)
        drawn = np.concatenate([order(step) for step in range(5)])
        self.assertEqual(sorted(drawn[:10]), list(range(10)))
        self.assertEqual(sorted(drawn[10:]), list(range(10)))
        self.assertFalse(np.array_equal(drawn[:10], drawn[10:]))
        np.testing.assert_array_equal(Order(10, 4, seed=5)(3), drawn[12:16])

    def test_held_out_pictures_are_not_trained_on(self):
        data = ArrayData.open(self.folder / "toy", TASKS, SIZE)
        training, validation = hold_out([data, data], 0.2, seed=1)
        self.assertEqual((len(training), len(validation)), (16, 4))
        for (_, train), (_, val) in zip(training.subsets, validation.subsets):
            self.assertEqual(sorted([*train, *val]), list(range(10)))

    def test_one_picture_cannot_be_divided(self):
        toy.write_arrays(self.folder / "toy", 1, *SIZE, seed=3)
        with self.assertRaisesRegex(DataError, "toy: one picture cannot be divided; give validation pictures with --val"):
            hold_out([ArrayData.open(self.folder / "toy", TASKS, SIZE)], 0.2, seed=1)

    def test_depth_that_is_no_depth_counts_as_none(self):
        depth = np.load(self.folder / "toy" / "depth.npy")
        depth[0, 0, :4] = [np.nan, np.inf, -3, 7]
        np.save(self.folder / "toy" / "depth.npy", depth)
        read = ArrayData.open(self.folder / "toy", TASKS, SIZE).read([0])["depth"]
        self.assertEqual(read[0, 0, :4].tolist(), [0, 0, 0, 7])

    def test_data_without_any_truth_is_refused(self):
        for name, task, empty, message in (("labels", "semseg", 255, "every label is one that is ignored"),
                                           ("depth", "depth", 0, r"the depth is 0 \(none\) everywhere"),
                                           ("normals", "normals", 0, r"the normal is \(0, 0, 0\)")):
            values = np.load(self.folder / "toy" / f"{name}.npy")
            for last in (empty, 1):
                changed = np.full_like(values, empty)
                changed[9, -1, -1] = last
                np.save(self.folder / "toy" / f"{name}.npy", changed)
                split = everything([ArrayData.open(self.folder / "toy", TASKS, SIZE)])
                if last == empty:
                    with self.assertRaisesRegex(DataError, rf"^toy: {message}.* in the 10 pictures .* learn for {task};"):
                        check_truth(split, TASKS, ["toy"], at_once=4)
                else:
                    check_truth(split, TASKS, ["toy"], at_once=4)
            np.save(self.folder / "toy" / f"{name}.npy", values)

    def test_several_data_sets_are_one_list(self):
        toy.write_arrays(self.folder / "other", 5, *SIZE, seed=4)
        sets = [ArrayData.open(self.folder / name, TASKS, SIZE) for name in ("toy", "other")]
        batch = everything(sets).read([9, 10, 14])
        np.testing.assert_array_equal(batch["semseg"][1:], np.load(self.folder / "other" / "labels.npy")[[0, 4]])
        np.testing.assert_array_equal(batch["semseg"][0], np.load(self.folder / "toy" / "labels.npy")[9])


class Augmenting(Folder):
    def setUp(self):
        super().setUp()
        toy.write_arrays(self.folder / "toy", 10, *SIZE, seed=3)

    def batch(self):
        return ArrayData.open(self.folder / "toy", TASKS, SIZE).read(np.arange(8))

    def test_a_flip_mirrors_everything_and_turns_x(self):
        batch = self.batch()
        batch["normals"][:, 0] = 0.25
        mirrored = torch.tensor([True, False] * 4)
        flipped = flip(batch, mirrored)
        for name in ("images", "semseg", "depth"):
            self.assertTrue(torch.equal(flipped[name][0], batch[name][0].flip(-1)), name)
            self.assertTrue(torch.equal(flipped[name][1], batch[name][1]), name)
        self.assertTrue(bool((flipped["normals"][0, 0] == -0.25).all()))
        self.assertTrue(torch.equal(flipped["normals"][0, 1:], batch["normals"][0, 1:].flip(-1)))
        self.assertTrue(torch.equal(flipped["normals"][1], batch["normals"][1]))

    def test_a_zoom_keeps_depth_and_enlarges_places(self):
        batch = self.batch()
        batch = {name: values[:1] for name, values in batch.items()}
        same = zoom(dict(batch, images=batch["images"].float()), torch.ones(1), torch.zeros(1, 2))
        for name in ("semseg", "depth", "normals"):
            self.assertTrue(torch.equal(same[name], batch[name]), name)
        # Twice, around the upper left corner: source pixel (r, c) covers (2r, 2c) to (2r+1, 2c+1).
        twice = zoom(batch, torch.full((1,), 2.0), torch.full((1, 2), -1.0))
        self.assertTrue(torch.equal(twice["depth"][0, ::2, ::2], batch["depth"][0, :16, :24]))
        self.assertTrue(torch.equal(twice["depth"][0, 1::2, 1::2], batch["depth"][0, :16, :24]))

    def test_nothing_drawn_changes_nothing_and_a_seed_repeats(self):
        batch = self.batch()
        plain = augment(batch, NO_AUGMENTATION, torch.Generator().manual_seed(1))
        torch.testing.assert_close(plain["images"] * 255, batch["images"].float())
        self.assertTrue(torch.equal(plain["semseg"], batch["semseg"]))
        first, again, other = (augment(batch, Augmentation(), torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
        for name in batch:
            self.assertTrue(torch.equal(first[name], again[name]), name)
        self.assertFalse(torch.equal(first["images"], other["images"]))
        self.assertEqual(set(first["semseg"].unique().tolist()) - set(batch["semseg"].unique().tolist()), set())
        self.assertTrue(0 <= float(first["images"].min()) and float(first["images"].max()) <= 1)


class FarClasses(unittest.TestCase):
    def test_only_pixels_of_the_class_without_depth_are_filled(self):
        read = {"semseg": torch.tensor([[[2, 2, 1, 255]]], dtype=torch.uint8), "depth": torch.tensor([[[0.0, 7, 0, 0]]])}
        fill_far(read, {2: 150.0})
        self.assertEqual(read["depth"].tolist(), [[[150, 7, 0, 0]]])
        fill_far(read, {})
        self.assertEqual(read["depth"].tolist(), [[[150, 7, 0, 0]]])


class LossValues(unittest.TestCase):
    def test_semseg_is_weighted_cross_entropy_and_ignores_255(self):
        logits = torch.log(torch.tensor([[0.5, 0.2, 0.9], [0.5, 0.8, 0.1]])).view(1, 2, 1, 3)
        labels = torch.tensor([[[0, 1, 255]]], dtype=torch.uint8)
        weights = torch.tensor([1.0, 3.0])
        want = (1 * -np.log(0.5) + 3 * -np.log(0.8)) / 4
        self.assertAlmostEqual(float(semseg_loss(logits, labels, weights, 0)), want, places=5)
        # Dice over the two pixels that count: class 0: 2·0.5 / (0.7 + 1), class 1: 2·0.8 / (1.3 + 1).
        dice = 1 - (1.0 / 1.7 + 1.6 / 2.3) / 2
        self.assertAlmostEqual(float(semseg_loss(logits, labels, weights, 0.5)), want + 0.5 * dice, places=5)

    def test_depth_is_relative_and_masked(self):
        truth = torch.tensor([[[2.0, 4.0, 0.0]]])
        scaled = torch.tensor([[[[0.3, 0.4, 99.0]]]])
        # Estimates 3 and 4 metres: |3-2|/2 = 0.5 and log 1.5; steps: the differences 1 and 0, over 2.
        value = float(depth_loss(scaled[:, 0] * 10, truth, gradient_weight=0.5))
        self.assertAlmostEqual(value, (0.5 + 0.25 * np.log(1.5)) / 2 + 0.5 * 0.5, places=5)

    def test_depth_many_times_the_truth_is_damped(self):
        truth = torch.full((1, 1, 1), 2.0)
        for estimate, error in ((3.0, 0.5), (10.0, 4.0), (16.0, 4 * (1 + np.log(7.0 / 4)))):
            value = float(depth_loss(torch.full((1, 1, 1), estimate), truth, gradient_weight=0))
            self.assertAlmostEqual(value, error + 0.25 * np.log(estimate / 2), places=5)
        gradients = []
        for estimate in (0.39, 40.0):
            scaled = torch.full((1, 1, 1), estimate, requires_grad=True)
            depth_loss(10 * scaled, truth, gradient_weight=0).backward()
            gradients.append(float(scaled.grad.abs()))
        self.assertLess(gradients[1], gradients[0] / 10)

    def test_depth_is_learnt_as_it_is_or_as_its_logarithm(self):
        output = torch.tensor([[[[0.5, -1.0]]]])
        torch.testing.assert_close(Losses(None, 10.0, False).metres(output), torch.tensor([[[5.0, -10.0]]]))
        torch.testing.assert_close(Losses(None, 10.0, True).metres(output), 10 * output[:, 0].exp())
        truth = torch.tensor([[[10 * np.exp(0.5), 10 * np.exp(-1.0)]]], dtype=torch.float32)
        self.assertAlmostEqual(float(Losses(None, 10.0, True)("depth", output, truth)), 0, places=5)

    def test_normals_are_cosine_and_masked(self):
        truth = torch.tensor([[0.0, 1, 0], [0, 0, 0], [0, 0, 1]]).t().reshape(1, 3, 1, 3)
        vectors = torch.tensor([[0.0, 5, 0], [9, 9, 9], [0, 3, 3]]).t().reshape(1, 3, 1, 3)
        self.assertAlmostEqual(float(normals_loss(vectors, truth)), (0 + 1 - 0.5 ** 0.5) / 2, places=5)

    def test_without_a_valid_pixel_the_loss_is_zero_with_a_zero_gradient(self):
        for loss, shape, truth in ((lambda x, t: semseg_loss(x, t, None), (1, 2, 2, 2), torch.full((1, 2, 2), 255)),
                                   (depth_loss, (1, 2, 2), torch.zeros(1, 2, 2)),
                                   (normals_loss, (1, 3, 2, 2), torch.zeros(1, 3, 2, 2))):
            x = torch.randn(shape, requires_grad=True)
            value = loss(x, truth)
            value.backward()
            self.assertEqual(float(value), 0)
            self.assertEqual(float(x.grad.abs().max()), 0)

    def test_class_weights_favour_the_rare_and_keep_the_mean(self):
        counts = torch.tensor([900, 99, 1, 0])
        weights = class_weights(counts)
        self.assertTrue(weights[0] < weights[1] < weights[2])
        self.assertAlmostEqual(float((weights * counts).sum() / counts.sum()), 1, places=5)
        self.assertEqual(class_weights(torch.zeros(3, dtype=torch.int64)).tolist(), [1, 1, 1])

    def test_measured_scale_is_the_geometric_mean_of_depth(self):
        with tempfile.TemporaryDirectory() as folder:
            toy.write_arrays(folder, 6, *SIZE, seed=3)
            split = everything([ArrayData.open(Path(folder), TASKS, SIZE)])
            depth = np.load(Path(folder) / "depth.npy").astype(np.float64)
            losses = Losses.measure(split, TASKS, tiny_config())
            self.assertAlmostEqual(losses.depth_scale, np.exp(np.log(depth[depth > 0]).mean()), places=4)
            self.assertEqual(len(losses.weights_of_classes), len(json.loads(
                (Path(folder) / "dataset.json").read_text())["classes"]))


if __name__ == "__main__":
    unittest.main()
