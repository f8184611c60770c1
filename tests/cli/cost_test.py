#!/usr/bin/env python3
"""cost_test.py TOOL SOURCE: estimate, ablate, explore, growth and energy as a user runs them."""
import csv
import json
import os
import re
import sys
import unittest
import xml.etree.ElementTree

from cli_test import SOURCE, ToolTest
from powercap import count_energy


def is_svg(path):
    return xml.etree.ElementTree.parse(path).getroot().tag.endswith("svg")


class Estimate(ToolTest):
    def estimate(self, *arguments):
        return json.loads(self.tool("estimate", "--json", *arguments).stdout)

    def test_text_and_json_say_the_same_and_that_it_is_modelled(self):
        report = self.estimate()
        self.assertEqual(report["status"], "modelled")
        self.assertAlmostEqual(sum(phase["cycles"] for phase in report["phases"]), report["cycles"], delta=1)
        self.assertEqual(report["bound"], "compute")
        text = self.tool("estimate").stdout
        self.assertIn("all modelled", text)
        self.assertIn(f"{report['cycles']:.0f} cycles", text)
        self.assertIn("heads run on the host", text)

    def test_ideas_and_lanes_that_a_machine_cannot_price_are_refused(self):
        for idea in ("single-pass-softmax", "table-gelu", "unified-unit"):
            said = self.tool("estimate", "--machine", "coqmoe", "--without", idea, expect=2).stderr
            self.assertIn("not known of", said)
            self.tool("estimate", "--machine", "edge-moe", "--without", idea)
        self.assertIn("expected 1 to", self.tool("estimate", "--query-lanes", "0", expect=2).stderr)

    def test_every_constant_stands_in_the_document_with_its_range(self):
        document = (SOURCE / "docs/cost.md").read_text()
        constants = self.estimate()["energy"]["constants"]
        self.assertGreaterEqual(len(constants), 6)
        for constant in constants:
            low, high = constant["value"]
            self.assertIn(f"{low:g} to {high:g}", document, constant["name"])
            self.assertTrue(constant["source"], constant["name"])

    def test_what_is_taken_away_costs(self):
        whole = self.estimate()
        for change in (["--without", "expert-reordering,table-gelu"], ["--no-prefetch"], ["--format", "w16a32"]):
            self.assertGreater(self.estimate(*change)["cycles"], whole["cycles"], change)
        # Each weight once, but for experts that are known to be idle before their turn.
        weights = [frame["off_chip_bytes"]["weights"] for frame in (self.estimate("--batch", "4"), whole)]
        self.assertLess(abs(weights[0] / weights[1] - 1), 0.05)
        self.assertLess(self.estimate("--spread", "0")["cycles"], whole["cycles"])

    def test_query_lanes_share_reads_of_keys_and_values(self):
        reads = [self.estimate("--query-lanes", lanes)["key_value_reads_per_query"] for lanes in (1, 2, 4, 8)]
        self.assertEqual(reads, [2 * 192 * passes for passes in (129, 65, 33, 17)])
        self.tool("estimate", "--query-lanes", "-2", expect=2)

    def test_models_boards_and_machines_go_by_name_or_file(self):
        street = self.estimate("--model", "edgemoe-street", "--board", SOURCE / "configs/boards/kv260.json")
        self.assertEqual(street["network"], "edgemoe-street")
        self.assertEqual(self.estimate("--model", self.model)["network"], "tiny")
        self.assertEqual(self.estimate("--machine", "coqmoe")["machine"], "coqmoe")

    def test_what_the_machine_refuses_is_said_by_name_and_by_how_much(self):
        report = self.estimate()
        self.assertEqual((report["refused"], report["counted_with"], report["explore"]), ([], {}, None))
        # 1,201 tokens: no design of the explorer's space has the block RAM.
        large = self.estimate("--model", "m3vit-small-nyud")
        gaps = {gap["key"]: gap for gap in large["refused"]}
        self.assertEqual((gaps["limits.max_tokens"]["needed"], gaps["limits.max_tokens"]["there"]), (1201, 256))
        self.assertIn("memory.activation_words", gaps)
        self.assertEqual(large["counted_with"]["limits.max_tokens"], 2048)
        self.assertIsNone(large["explore"])
        # Memories are counted as the network needs them.
        self.assertGreater(large["resources"]["bram36"], 2 * report["resources"]["bram36"])
        text = self.tool("estimate", "--model", "m3vit-small-nyud").stdout
        self.assertIn("limits.max_tokens is 256, 1201 are needed, 945 more", text)
        self.assertNotIn("finds designs", text)
        # One that another design holds: the command that is named finds it.
        deep = self.folder / "deep.json"
        config = json.loads((SOURCE / "configs/models/edgemoe-cityscapes.json").read_text())
        config["num_heads"] = 12
        deep.write_text(json.dumps(config))
        refused = self.estimate("--model", deep)
        self.assertIn("limits.max_heads", [gap["key"] for gap in refused["refused"]])
        self.assertIn("finds designs", self.tool("estimate", "--model", deep).stdout)
        tool, *arguments = refused["explore"].split()
        self.assertEqual(tool, "edgemoe")
        self.assertIn("Pareto", self.tool(*arguments).stdout)
        config["moe"]["gate_input_ahead"] = True
        deep.write_text(json.dumps(config))
        refused = self.estimate("--model", deep)
        self.assertIn("moe.gate_input_ahead", [gap["key"] for gap in refused["refused"]])
        self.assertIsNone(refused["explore"])
        self.assertEqual([gap["key"] for gap in self.estimate("--tasks", "2")["refused"]], ["streams"])
        self.assertEqual(self.estimate("--machine", "coqmoe", "--model", "m3vit-small-nyud")["refused"], [])

    def test_bytes_of_the_phases_add_up_to_those_of_the_frame(self):
        for arguments in ([], ["--machine", "edge-moe"], ["--design", "small", "--tasks", "2"]):
            report = self.estimate(*arguments)
            self.assertAlmostEqual(sum(phase["off_chip_bytes"] for phase in report["phases"]),
                                   sum(report["off_chip_bytes"].values()), delta=1)
        text = self.tool("estimate").stdout
        total = next(line for line in text.splitlines() if line.startswith("total")).split()
        headline = next(line for line in text.splitlines() if line.startswith("off chip"))
        parts = [float(word.rstrip(",")) for word in headline.replace(":", " ").split() if word[0].isdigit()]
        self.assertAlmostEqual(parts[0], float(total[-2]) / 1e3, delta=0.01)
        self.assertAlmostEqual(parts[0], sum(parts[1:]), delta=0.03)

    def test_a_part_without_a_kind_says_so(self):
        board = self.folder / "b.json"
        text = (SOURCE / "configs/boards/zcu102.json").read_text()
        board.write_text(text.replace('"dsp": 2520', '"dsp": 0'))
        done = self.tool("estimate", "--board", board)
        self.assertIn("has none", done.stdout)
        self.assertIn("DOES NOT FIT", done.stdout)
        self.assertNotIn("inf", done.stdout)

    def test_options_that_would_change_nothing_are_refused_by_name(self):
        for option, value in (("--design", "small"), ("--format", "w16a16"), ("--board", "kv260")):
            done = self.tool("estimate", "--machine", "coqmoe", option, value, expect=2)
            self.assertIn(f"{option}: would change nothing beside --machine", done.stderr)
        for option, value in (("--machine", "coqmoe"), ("--model", "tiny"), ("--tasks", "2"), ("--batch", "2"),
                              ("--without", "table-gelu"), ("--query-lanes", "8"), ("--board", "kv260")):
            done = self.tool("estimate", "--published", option, value, expect=2)
            self.assertIn(option, done.stderr)
            self.assertIn("--published", done.stderr)
        self.assertIn("--no-prefetch", self.tool("estimate", "--published", "--no-prefetch", expect=2).stderr)
        self.tool("estimate", "--published", "--spread", "0")

    def test_wrong_options_are_refused_with_what_there_is(self):
        for arguments, message in ((["--board", "zcu9"], "kv260"), (["--design", "big"], "zcu102"),
                                   (["--machine", "x"], "coqmoe"), (["--model", "x"], "edgemoe-cityscapes"),
                                   (["--format", "int8"], "wNaM"), (["--without", "luck"], "table-gelu"),
                                   (["--batch", "0"], "--batch"), (["--tasks", "1000"], "--tasks"),
                                   (["--spread", "-1"], "--spread")):
            self.assertIn(message, self.tool("estimate", *arguments, expect=2).stderr)
        board = self.folder / "b.json"
        board.write_text((SOURCE / "configs/boards/zcu102.json").read_text().replace("0.85", "85"))
        self.assertIn("memory.efficiency", self.tool("estimate", "--board", board, expect=2).stderr)
        board.write_text("{")
        self.assertIn(str(board), self.tool("estimate", "--board", board, expect=1).stderr)

    def test_counted_queues_are_used(self):
        blocks = [{"block": block, "tasks": {"semseg": {"picks": [258] + [0] * 15}}} for block in range(1, 12, 2)]
        counts = self.folder / "routing.json"
        counts.write_text(json.dumps({"routing": blocks}))
        self.assertGreater(self.estimate("--routing", counts)["cycles"], 0)
        counts.write_text(json.dumps({"routing": blocks[1:]}))
        self.assertIn("expected 6 mixtures", self.tool("estimate", "--routing", counts, expect=1).stderr)

    def test_published_machines_stand_beside_what_is_modelled(self):
        report = json.loads(self.tool("estimate", "--published", "--json").stdout)
        self.assertEqual(len(report["machines"]), 3)
        for machine in report["machines"]:
            self.assertIn("array.cycles_per_step", machine["fitted"])
            self.assertLess(abs(machine["modelled_ms"] / machine["published_ms"] - 1), 0.02)
        text = self.tool("estimate", "--published").stdout
        self.assertIn("not predicted", text)
        self.assertNotIn("not available", text)  # Edge-MoE's watts too
        self.assertIn("with assumed resources", text)


class Ablate(ToolTest):
    def test_table_json_and_plot(self):
        plot = self.folder / "ablation.svg"
        report = json.loads(self.tool("ablate", "--json", "--svg", plot).stdout)
        self.assertTrue(is_svg(plot))
        self.assertEqual(len(report["steps"]), 6)
        fitted, *ours = report["machines"]
        self.assertIn("fitted", fitted["status"])
        for modelled, published in zip(fitted["milliseconds"], report["published"]["milliseconds"]):
            self.assertLess(abs(modelled / published - 1), 0.02)
        # Our first column changes nothing of format, products and memory; all of ours have the design's bus.
        for key in ("format", "products_per_step", "bytes_per_cycle"):
            self.assertEqual(ours[0][key], fitted[key])
        self.assertEqual({column["bus_bytes"] for column in ours}, {64})
        self.assertIsNone(fitted["bus_bytes"])
        for column in ours:
            self.assertEqual(column["bytes_per_cycle"], min(column["memory_bytes_per_cycle"], 64))
        self.assertEqual(len({column["bytes_per_cycle"] for column in ours[1:]}), 1)
        text = self.tool("ablate").stdout
        self.assertIn("does not predict", text)
        self.assertIn("48.3 bytes a cycle, of a memory of 48.3 and a bus of 64", text)
        self.tool("ablate", "--svg", self.folder / "missing/a.svg", expect=1)


    def test_labels_hold_for_other_machines_networks_and_designs(self):
        # Another network: nothing printed stands beside it, and nothing was fitted to it.
        report = json.loads(self.tool("ablate", "--model", "m3vit-tiny-nyud", "--json").stdout)
        self.assertEqual(report["published"]["milliseconds"], [])
        self.assertEqual({machine["status"] for machine in report["machines"]}, {"modelled"})
        self.assertIn("edgemoe-cityscapes", report["notes"][0])
        self.assertIn("zcu102 refuses this network", report["notes"][-1])
        plot = self.folder / "ablation.svg"
        text = self.tool("ablate", "--model", "m3vit-tiny-nyud", "--svg", plot).stdout
        for words in ("secondary", "650.3", "does not predict"):
            self.assertNotIn(words, text)
        self.assertNotIn("published", plot.read_text())
        # The same backbone under another name is the same.
        light = json.loads(self.tool("ablate", "--model", "edgemoe-cityscapes-light", "--json").stdout)
        self.assertEqual(light["machines"][0]["status"], "modelled, fitted")
        # No steps are printed of CoQMoE, and it has int8 and the board's memory already.
        text = self.tool("ablate", "--machine", "coqmoe").stdout
        self.assertNotIn("published steps", text)
        self.assertIn("no steps are published", text)
        self.assertIn("single-pass softmax, table GELU, one linear unit costs is not known", text)
        self.assertNotIn("+ int8", text)
        for design in ("zcu102-3072", "small"):
            ours = json.loads(self.tool("ablate", "--design", design, "--json").stdout)["machines"][1]
            self.assertEqual(ours["products_per_step"], 256)


class Explore(ToolTest):
    def test_a_point_becomes_a_design_point_that_can_be_estimated(self):
        table, plot, design = (self.folder / name for name in ("front.csv", "front.svg", "mine.json"))
        done = self.tool("explore", "--board", "zcu104", "--csv", table, "--svg", plot, "--point", "least-energy",
                         "--design-out", design)
        self.assertIn("pruned", done.stdout)
        self.assertTrue(is_svg(plot))
        with open(table, newline="") as file:
            rows = list(csv.DictReader(file))
        front = [row for row in rows if row["pareto"] == "yes"]
        self.assertGreaterEqual(len(front), 2)
        self.assertEqual(json.loads(design.read_text())["name"], "mine")
        report = json.loads(self.tool("estimate", "--design", design, "--board", "zcu104", "--json").stdout)
        energy = min((float(row["millijoules_low"]) + float(row["millijoules_high"])) / 2 for row in front)
        chosen = [row for row in front if row["milliseconds"] == f"{report['milliseconds']:.4f}"]
        self.assertEqual(len(chosen), 1)
        low, high = (float(chosen[0][f"millijoules_{end}"]) for end in ("low", "high"))
        self.assertAlmostEqual((low + high) / 2, energy)
        found = report["energy"]["millijoules"]
        self.assertAlmostEqual(found[0] / low, 1, places=2)
        self.assertAlmostEqual(found[1] / high, 1, places=2)

    def test_a_point_is_written_as_it_was_explored_with_its_bases_bus(self):
        base = json.loads((SOURCE / "configs/accelerators/zcu102.json").read_text())
        base["bus"] = {"address_bits": 36, "burst_beats": 8, "outstanding_bursts": 32, "prefetch": False}
        base_file, design = self.folder / "base.json", self.folder / "mine.json"
        base_file.write_text(json.dumps(base))
        done = self.tool("explore", "--base", base_file, "--point", "smallest", "--design-out", design, "--json")
        front = [one for one in json.loads(done.stdout)["candidates"] if one["pareto"]]
        explored = min(front, key=lambda one: one["share_of_part"])["design"]
        self.assertEqual(json.loads(design.read_text()), explored | {"name": "mine"})
        self.assertEqual(explored["bus"], base["bus"])

    def test_what_the_rtl_does_not_compute_is_said_to_be_modelled_only(self):
        small = ["explore", "--array-tokens", "4", "--array-outputs", "16", "--array-chains", "1", "--ring-words", "2048"]
        self.assertNotIn("modelled only", self.tool(*small).stdout)
        self.assertEqual(json.loads(self.tool(*small, "--json").stdout)["notes"], [])
        more = [*small, "--tasks", "2", "--formats", "w8a8,w12a12"]
        said = re.findall("(?m)^note +(modelled only: .*)$", self.tool(*more).stdout)
        self.assertEqual(len(said), 2)
        self.assertIn("one task at a time", said[0])
        self.assertIn("w12a12", said[1])
        self.assertEqual(json.loads(self.tool(*more, "--json").stdout)["notes"], said)

    def test_what_cannot_be_is_refused_with_the_reason(self):
        done = self.tool("explore", "--budget-ms", "0.001", expect=1)
        self.assertIn("latency", done.stderr)
        self.assertRegex(done.stderr, r"none of 288 designs fits zcu102 and the budget; latency: 64 designs, nearest")
        self.tool("explore", "--dsp-share", "2", expect=2)
        self.tool("explore", "--formats", "w8", expect=2)
        self.tool("explore", "--array-outputs", "0", expect=2)
        self.tool("explore", "--budget-ms", "-1", expect=2)
        design = self.folder / "wide.json"
        done = self.tool("explore", "--formats", "w16a16", "--design-out", design, expect=2)
        self.assertIn("w8a8 alone", done.stderr)
        self.tool("explore", "--point", "best", "--design-out", design, expect=2)
        self.assertIn("--design-out", self.tool("explore", "--point", "fastest", expect=2).stderr)
        self.assertFalse(design.exists())


class Growth(ToolTest):
    def test_curves_and_plot(self):
        plot = self.folder / "growth.svg"
        machines = json.loads(self.tool("growth", "--json", "--svg", plot).stdout)
        self.assertTrue(is_svg(plot))
        self.assertEqual(len(machines), 3)
        ours = {curve["axis"]: curve for curve in machines[0]["curves"]}
        self.assertEqual(set(ours), {"tokens", "experts", "top-k", "tasks", "batch", "bandwidth"})
        self.assertIsNotNone(ours["bandwidth"]["turns_at"])
        points = {point["value"]: point for point in ours["tokens"]["points"]}
        self.assertEqual((points[129]["fits_on_chip"], points[129]["refused"]), (True, []))
        self.assertEqual((points[289]["fits_on_chip"], points[289]["bram36"]), (False, 938.5))
        self.assertIn("limits.max_tokens", points[289]["refused"])
        points = {point["value"]: point for point in ours["experts"]["points"]}
        self.assertEqual(points[64]["not_built"], ["array.outputs"])
        theirs = {curve["axis"]: curve for curve in machines[1]["curves"]}
        self.assertTrue(all(point["fits_on_chip"] is None for point in theirs["top-k"]["points"]))
        bounds = [point["bound"] for point in ours["bandwidth"]["points"]]
        self.assertEqual((bounds[0], bounds[-1]), ("memory", "compute"))
        text = self.tool("growth").stdout
        self.assertIn("turns to compute-bound", text)
        self.assertRegex(text, r"\n  289 .* 938\.5 \+\* +compute")
        self.assertRegex(text, r"\n  64 .* !\*? +memory")


class Energy(ToolTest):
    def energy(self, *arguments, expect=0):
        return self.tool("energy", "--nvml", "libno-such.so", "--idle-seconds", "0.05", *arguments, expect=expect)

    def test_what_is_not_there_says_why(self):
        done = self.energy("--powercap", self.folder, "--frames", "2", "--json")
        report = json.loads(done.stdout)
        self.assertFalse(report["ran"])
        for one in report["measured"]:
            self.assertEqual((one["status"], one["devices"]), ("not available", []))
            self.assertTrue(one["reason"])
        low, high = report["modelled"]["millijoules"]
        self.assertTrue(0 < low < high)
        ratios = [round(system["ratio_to_first"], 2) for system in report["published"]["systems"]]
        self.assertEqual(ratios[:3], [1.0, 2.24, 4.9])
        for system in report["published"]["systems"]:
            self.assertEqual(system["millijoules"], system["milliseconds"] * system["watts"])
        first = report["published"]["systems"][0]
        self.assertEqual((first["milliseconds"], first["watts"]), (34.64, 14.54))

    def test_nothing_is_called_measured_that_did_not_run_or_was_not_counted(self):
        ran = self.folder / "ran"
        done = self.energy("--powercap", self.folder / "none", "--command", f"touch {ran}")
        self.assertFalse(ran.exists())
        self.assertTrue(done.stdout.startswith("not measured here: there is no counter, so it was not run"), done.stdout)
        still = self.energy("--powercap", count_energy(self, 0), "--command", f"touch {ran}")
        self.assertTrue(ran.exists())
        self.assertTrue(still.stdout.startswith("not measured here: it ran, but no counter counted it"), still.stdout)

    def test_options_are_checked_where_nothing_is_measured(self):
        for options, said in ((["--task", "edges"], "edges"), (["--input-size", "3"], "--input-size"), (["--command", " "], "--command"),
                              (["--command", "true", "--type", "int8", "--threads", "1"], "--threads, --type"),
                              (["--command", "true", "--task", "depth"], "--task"), (["--frames", "0"], "--frames: expected 1 to"),
                              (["--idle-seconds", "0"], "--idle-seconds: expected 0.01 to")):
            self.assertIn(said, self.tool("energy", "--powercap", self.folder / "none", *options, expect=2).stderr, options)

    def test_a_counter_without_a_number_is_no_matter_of_rights(self):
        zone = self.folder / "powercap/intel-rapl:0"
        zone.mkdir(parents=True)
        for name, text in (("name", "package-0"), ("energy_uj", "many"), ("max_energy_range_uj", "1000")):
            (zone / name).write_text(text + "\n")
        said = json.loads(self.energy("--powercap", zone.parent, "--json").stdout)["measured"][0]["reason"]
        self.assertIn('found "many"', said)
        self.assertNotIn("root", said)

    def test_every_published_machines_power_stands_beside_its_model(self):
        report = json.loads(self.energy("--powercap", self.folder, "--json").stdout)
        machines = {one["machine"]: one for one in report["published_machines_modelled"]}
        self.assertEqual(len(machines), 3)
        text = self.energy("--powercap", self.folder).stdout
        for title, one in machines.items():
            low, high = one["modelled_watts"]
            self.assertTrue(low <= one["published_watts"] <= high, title)
            self.assertEqual(one["resources_assumed"], "Edge-MoE" in title)
            self.assertRegex(text, rf"(?m)^  {re.escape(title)}.*{low:.1f} to {high:.1f} W.*{one['published_watts']:.2f} W published")

    def test_a_counter_is_read_around_frames_and_commands(self):
        folder = count_energy(self, 1000)
        for work in (["--model", self.model, "--frames", "1000"], ["--command", "sleep 1", "--frames", "4"]):
            report = json.loads(self.energy("--powercap", folder, "--json", *work).stdout)
            processor = report["measured"][0]
            self.assertEqual(processor["status"], "measured")
            device, = processor["devices"]
            self.assertEqual((device["device"], device["source"]), ("package-0", "RAPL"))
            self.assertGreater(device["joules_per_frame"], 0)
            self.assertGreater(device["idle_watts"], 0)
        self.energy("--powercap", folder, "--command", "exit 3", expect=2)

    def test_a_counter_that_wraps_again_and_again_is_counted_in_full(self):
        folder = count_energy(self, 1000, wrap=600000)  # every 1.2 s at the earliest
        report = json.loads(self.energy("--powercap", folder, "--json", "--frames", "1", "--command", "sleep 5").stdout)
        self.assertGreater(report["measured"][0]["devices"][0]["joules_per_frame"], 0.6)

    def test_a_counter_that_stands_still_is_no_measurement(self):
        report = json.loads(self.energy("--powercap", count_energy(self, 0), "--command", "true", "--json").stdout)
        self.assertIn("did not move", report["measured"][0]["reason"])


if __name__ == "__main__":
    os.environ.pop("EDGEMOE_CONFIG_DIR", None)
    unittest.main(argv=sys.argv[:1], verbosity=1)
