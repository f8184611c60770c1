"""The training network against the oracle of tests/golden, and its parts against hand-made examples."""
import copy
import math
import unittest

from common import random_model, tiny_config
import torch

import m3vit_oracle
from model import MultiTaskModel, whiten_patch_embed
from moe import Experts, Gate, balance_loss, expected_load
from muon import Muon, orthogonal
from optimizer import Optimizers, parameter_groups, refresh_batch_norm
from workers import Workers

VARIANTS = {
    "per_task": {},
    "gate_input_ahead": {"gate_input_ahead": True},
    "topk_softmax": {"router_rule": "topk_softmax"},
    "shared": {"router": "shared"},
    "pruned": {"prune_threshold": 0.3},
}


def changed(moe):
    config = tiny_config()
    if moe is None:
        config["moe"] = None
    else:
        config["moe"].update(moe)
    return config


class Forward(unittest.TestCase):
    def compare(self, config, rows=None):
        """In float64 both sides do the same sums in another order: 1e-10 of the largest value is far above that, and
        far below what any difference of meaning makes."""
        model = random_model(config, 3).double()
        oracle = m3vit_oracle.MultiTaskModel(config).double()
        weights = {name: value for name, value in model.state_dict().items()}
        missing, unexpected = oracle.load_state_dict(weights, strict=False)
        self.assertEqual([name for name in missing if not name.endswith("w_noise")], [])
        self.assertEqual(unexpected, [])
        size = config["input"]["height"], config["input"]["width"]
        images = torch.randn(3, 3, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
        gates = [module for module in model.modules() if isinstance(module, Gate)]
        for gate in gates:
            gate.forward = lambda tokens, noise, gate=gate: double_gate(gate, tokens)
        maps = model(images, rows)
        compared = 0
        for task, name in enumerate(model.tasks):
            pictures = range(3) if rows is None else rows[task].tolist()
            self.assertEqual(len(maps[name]), len(pictures))
            for row, picture in enumerate(pictures):
                want = oracle.run(images[picture:picture + 1], name)[0]
                difference = (maps[name][row].double() - want).abs().max()
                # Heads put out float32 on purpose.
                self.assertLess(float(difference), 4 * torch.finfo(torch.float32).eps * float(want.abs().max()), name)
                compared += want.numel()
        self.assertGreater(compared, 0)

    def test_every_router_equals_the_oracle(self):
        for name, moe in VARIANTS.items():
            with self.subTest(name):
                self.compare(changed(moe))

    def test_a_plain_vit_equals_the_oracle(self):
        self.compare(changed(None))

    def test_a_head_of_pixel_shuffles_equals_the_oracle_and_begins_as_nearest(self):
        config = tiny_config(head={"num_stages": 2, "channels": 5, "first_kernel": 1, "upsample": "shuffle3"})
        self.compare(config)
        drawn = MultiTaskModel(config).decoders["depth"]
        x = drawn.conv_1(torch.randn(1, 5, 4, 6)).view(1, 5, 9, 4, 6)
        self.assertGreater(float(x[:, 0, 0].detach().std()), 0)
        torch.testing.assert_close(x, x[:, :, :1].expand_as(x))

    def test_a_first_block_of_experts_equals_the_oracle(self):
        self.compare(changed({"blocks": [0, 2]}))

    def test_tasks_on_different_pictures_equal_the_oracle(self):
        rows = {0: torch.tensor([2]), 1: torch.tensor([0, 1]), 2: torch.tensor([1, 2, 0])}
        for moe in (VARIANTS["per_task"], VARIANTS["gate_input_ahead"], VARIANTS["shared"], None):
            with self.subTest(str(moe)):
                self.compare(changed(moe), rows)

    def test_another_weight_is_another_map(self):
        config = tiny_config()
        model = random_model(config, 3)
        images = torch.randn(1, 3, 32, 48, generator=torch.Generator().manual_seed(4))
        with torch.no_grad():
            before = model(images)["depth"].clone()
            model.backbone.blocks[1].mlp.gate[2].w_gate.neg_()
            after = model(images)
        self.assertFalse(torch.equal(before, after["depth"]))

    def test_a_network_that_cannot_be_trained_is_refused(self):
        for moe in ({"router": "task_conditioned", "task_dim": 4}, {"router": "shared", "experts_per_task": 2}):
            with self.assertRaisesRegex(ValueError, "per_task and shared"):
                MultiTaskModel(changed(moe))
        with self.assertRaisesRegex(ValueError, "pos_embed_grid"):
            MultiTaskModel(tiny_config(pos_embed_grid=[3, 3]))
        for config in (tiny_config(head=None), changed({"expert_dim": None})):
            with self.assertRaisesRegex(ValueError, "a head and every width"):
                MultiTaskModel(config)


def double_gate(gate, tokens):
    """Gate.forward without noise and in the tokens' own type, where the trainer's is float32 whatever comes in."""
    logits = tokens @ gate.w_gate
    largest, indices = torch.topk(logits, gate.top_k, dim=1)
    probabilities = torch.softmax(logits, dim=1)
    if gate.rule == "topk_softmax":
        return indices, torch.softmax(largest, dim=1), probabilities, None
    return indices, probabilities.gather(1, indices), probabilities, None


class MixtureOfExpertsParts(unittest.TestCase):
    def test_gate_without_noise_equals_the_rule(self):
        for rule in ("softmax_topk", "topk_softmax"):
            gate = Gate(6, 5, 2, rule)
            torch.nn.init.normal_(gate.w_gate)
            tokens = torch.randn(17, 6)
            for got, want in zip(gate(tokens, 0.0)[:3], double_gate(gate, tokens)[:3]):
                self.assertTrue(torch.equal(got, want))

    def test_experts_gradients_equal_a_dense_loop(self):
        """All tokens to one expert among them, experts without a token, and one token."""
        for indices in ([[0, 1], [2, 0], [1, 2], [0, 3]], [[2, 1]] * 5, [[3, 0]]):
            torch.manual_seed(5)
            experts = Experts(4, 6, 8).double()
            for parameter in experts.parameters():
                torch.nn.init.normal_(parameter)
            index = torch.tensor(indices)
            tokens = torch.randn(len(indices), 6, dtype=torch.float64, requires_grad=True)
            weights = torch.rand(len(indices), 2, dtype=torch.float64, requires_grad=True)
            inputs = [tokens, weights, *experts.parameters()]
            got = experts(tokens, index, weights)
            want = torch.stack([sum(weights[n, j] * self.one(experts, tokens[n], index[n, j]) for j in range(2))
                                for n in range(len(indices))])
            torch.testing.assert_close(got, want, rtol=1e-12, atol=1e-12)
            direction = torch.randn_like(want)
            for ours, reference in zip(torch.autograd.grad(got, inputs, direction),
                                       torch.autograd.grad(want, inputs, direction)):
                torch.testing.assert_close(ours, reference, rtol=1e-12, atol=1e-12)

    @staticmethod
    def one(experts, token, expert):
        hidden = torch.nn.functional.gelu(experts.htoh4.weight[expert] @ token + experts.htoh4.bias[expert])
        return experts.h4toh.weight[expert] @ hidden + experts.h4toh.bias[expert]

    def test_balance_loss_on_hand_examples(self):
        even, one = torch.tensor([2.0, 2, 2, 2]), torch.tensor([8.0, 0, 0, 0])
        self.assertAlmostEqual(float(balance_loss(even, None)), 0.0, places=6)
        # Mean 2, variance (36 + 3·4) / 4 = 12: 12 / 4.
        self.assertAlmostEqual(float(balance_loss(one, None)), 3.0, places=5)
        self.assertAlmostEqual(float(balance_loss(even, one)), 1.5, places=5)
        # Mean 2, variance (1 + 1) / 2 = 1: 1 / 4.
        self.assertAlmostEqual(float(balance_loss(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 3.0]))), 0.25, places=6)

    def test_expected_load_is_the_normal_distribution(self):
        logits, threshold = torch.tensor([[1.0, 0.0], [0.5, 2.0]]), torch.tensor([[0.5], [2.5]])

        def above(distance):
            return 0.5 * math.erfc(distance / math.sqrt(2))

        want = [above((0.5 - 1) / 0.25) + above((2.5 - 0.5) / 0.25), above(0.5 / 0.25) + above(0.5 / 0.25)]
        torch.testing.assert_close(expected_load(logits, threshold, 0.25), torch.tensor(want), rtol=1e-5, atol=1e-7)

    def test_noise_is_for_training_only_if_asked(self):
        model = random_model(tiny_config(), 1)
        images = torch.randn(2, 3, 32, 48)
        for training in (False, True):
            model.train(training)
            statistics = []
            with torch.no_grad():
                quiet, again = model(images), model(images)
                noisy = model(images, noise=1.0, statistics=statistics)
            self.assertTrue(torch.equal(quiet["semseg"], again["semseg"]))
            self.assertEqual(torch.equal(quiet["semseg"], noisy["semseg"]), not training)
            # The expected load is that of the noise.
            self.assertEqual([load is not None for _, load, _ in statistics], [training] * len(statistics))
            self.assertEqual(len(statistics), 6)


class Preparation(unittest.TestCase):
    def test_norms_biases_embeddings_and_gates_do_not_decay(self):
        model = MultiTaskModel(tiny_config())
        names = {id(parameter): name for name, parameter in model.named_parameters()}
        groups = parameter_groups(model.named_parameters(), 0.05, 2.0)
        decayed = {names[id(p)] for group in groups if group["weight_decay"] > 0 for p in group["params"]}
        plain = {names[id(p)] for group in groups if group["weight_decay"] == 0 for p in group["params"]}
        self.assertEqual(decayed | plain, set(names.values()))
        self.assertFalse(decayed & plain)
        for name in ("backbone.pos_embed", "backbone.cls_token", "backbone.blocks.1.mlp.gate.0.w_gate",
                     "backbone.blocks.1.mlp.experts.htoh4.bias", "backbone.blocks.0.norm1.weight",
                     "decoders.semseg.syncbn_fc_0.weight"):
            self.assertIn(name, plain)
        for name in ("backbone.patch_embed.proj.weight", "backbone.blocks.1.mlp.experts.htoh4.weight",
                     "backbone.blocks.0.attn.qkv.weight", "decoders.depth.conv_2.weight"):
            self.assertIn(name, decayed)
        factors = {names[id(p)].split(".")[0]: group["factor"] for group in groups for p in group["params"]}
        self.assertEqual(factors, {"backbone": 1.0, "decoders": 2.0})

    def test_muon_has_the_blocks_matrices_and_adamw_the_rest(self):
        model = MultiTaskModel(tiny_config())
        names = {id(parameter): name for name, parameter in model.named_parameters()}
        adamw, muon = Optimizers(model, "muon", 0.05, 2.0, "fp32").all
        sets = [{names[id(p)] for group in optimizer.param_groups for p in group["params"]}
                for optimizer in (adamw, muon)]
        self.assertEqual(sets[0] | sets[1], set(names.values()))
        self.assertFalse(sets[0] & sets[1])
        for name in ("backbone.blocks.0.attn.qkv.weight", "backbone.blocks.0.mlp.fc1.weight",
                     "backbone.blocks.1.mlp.experts.h4toh.weight"):
            self.assertIn(name, sets[1])
        for name in ("backbone.patch_embed.proj.weight", "backbone.blocks.1.mlp.gate.0.w_gate",
                     "backbone.blocks.0.norm1.weight", "decoders.depth.conv_0.weight"):
            self.assertIn(name, sets[0])
        self.assertEqual(len(Optimizers(model, "adamw", 0.05, 2.0, "fp32").all), 1)

    def test_muon_directions_are_orthogonal_matrix_by_matrix(self):
        matrices = torch.randn(3, 24, 40, generator=torch.Generator().manual_seed(1))
        for given in (matrices, matrices.transpose(1, 2)):
            values = torch.linalg.svdvals(orthogonal(given, torch.float32))
            self.assertGreater(float(values.min()), 0.6)
            self.assertLess(float(values.max()), 1.3)
        # Each of q, k and v, and each expert, is a matrix of its own: scaling one changes no other's direction.
        parameter = torch.nn.Parameter(torch.zeros(2, 6, 8))
        steps = []
        for scale in (1.0, 50.0):
            parameter.data.zero_()
            gradient = torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(2))
            gradient[0, :3] *= scale
            parameter.grad = gradient
            muon = Muon([{"params": [parameter], "num_matrices": 2}], 0.0, "fp32")
            muon.param_groups[0]["lr"] = 1.0
            muon.step(Workers(1))
            steps.append(parameter.detach().clone())
        torch.testing.assert_close(*steps, rtol=1e-4, atol=1e-5)
        # As large as AdamW's: an entry's usual size is about 0.2.
        self.assertAlmostEqual(float(steps[0].square().mean().sqrt()), 0.2, delta=0.06)

    def test_the_patch_embedding_begins_with_white_features(self):
        model = MultiTaskModel(tiny_config())
        smooth = torch.nn.functional.interpolate(torch.randn(64, 3, 16, 24, generator=torch.Generator().manual_seed(3)),
                                                 scale_factor=2, mode="bilinear", align_corners=False)
        whiten_patch_embed(model, smooth + 2, size=0.5, floor=1e-6)
        features = model.backbone.patch_embed(smooth + 2).reshape(-1, 32).detach()
        torch.testing.assert_close(features.mean(0), torch.zeros(32), rtol=0, atol=1e-3)
        torch.testing.assert_close(features.t() @ features / len(features), 0.25 * torch.eye(32), rtol=0, atol=5e-3)

    def test_batch_norm_statistics_are_those_of_the_weights(self):
        model = random_model(tiny_config(), 2)
        images = torch.randn(4, 3, 32, 48)
        seen = []
        head = model.decoders["depth"]
        hook = head.conv_0.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
        expected = copy.deepcopy(model)
        refresh_batch_norm(model, [images[:2], images[2:]])
        hook.remove()
        mean = torch.stack([maps.mean((0, 2, 3)) for maps in seen]).mean(0)
        torch.testing.assert_close(head.syncbn_fc_0.running_mean, mean, rtol=1e-4, atol=1e-5)
        self.assertFalse(head.syncbn_fc_0.training)
        for (name, value), other in zip(model.named_parameters(), expected.parameters()):
            self.assertTrue(torch.equal(value, other), name)


if __name__ == "__main__":
    unittest.main()
