"""UNet++: its nodes, what feeds them, and the weights that are shipped."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pytest
import torch

from unetpp import detector, loss, network, windows

CPU = torch.device("cpu")


@pytest.fixture
def record() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(detector.RECORD.read_text())
    return found


def small(channels: tuple[int, ...] = (4, 6, 8)) -> network.UNetPlusPlus:
    torch.manual_seed(3)
    return network.UNetPlusPlus(channels=channels).eval()


def test_every_head_answers_on_the_image_s_own_grid() -> None:
    heads = small()(torch.zeros(2, network.INPUTS, 16, 8, 12))
    assert [tuple(head.shape) for head in heads] == [(2, 3, 16, 8, 12)] * 2


def test_probabilities_of_the_classes_add_up_to_one() -> None:
    probabilities = small().probabilities(torch.randn(1, network.INPUTS, 8, 8, 8))
    assert torch.allclose(probabilities.sum(dim=1), torch.ones(1, 8, 8, 8))


def test_nodes_form_the_triangle_of_the_paper() -> None:
    assert set(small((2, 3, 4, 5)).nodes) == {
        "x0_0", "x0_1", "x0_2", "x0_3",
        "x1_0", "x1_1", "x1_2",
        "x2_0", "x2_1",
        "x3_0",
    }  # fmt: skip


def test_a_node_sees_all_before_it_on_its_level_and_the_one_below() -> None:
    """X(0, 3) of widths 2, 3, 4, 5 sees 3 nodes of 2 channels and one of 3; X(1, 2) sees 2 of 3 and one of 4."""
    nodes = small((2, 3, 4, 5)).nodes
    assert {name: nodes[name][0].in_channels for name in ("x0_0", "x0_3", "x1_0", "x1_2", "x3_0")} == {
        "x0_0": network.INPUTS,
        "x0_3": 3 * 2 + 3,
        "x1_0": 2,
        "x1_2": 2 * 3 + 4,
        "x3_0": 4,
    }


def test_a_shallow_head_does_without_the_deep_nodes() -> None:
    """The first head can be pruned to X(0, 0), X(1, 0) and X(0, 1), as deep supervision means it to be."""
    net = small()
    image = torch.randn(1, network.INPUTS, 8, 8, 8)
    with torch.inference_mode():
        before = net(image)
        for parameter in net.nodes["x2_0"].parameters():
            parameter.zero_()
        after = net(image)
    assert torch.equal(before[0], after[0])
    assert not torch.equal(before[1], after[1])


def test_parameters_are_those_that_the_layers_add_up_to() -> None:
    """Widths 2 and 3, two inputs: 27 weights a pair of channels, 2 of a normalised channel, one head of 3 classes."""
    convolutions = 27 * ((2 * 2 + 2 * 2) + (2 * 3 + 3 * 3) + ((2 + 3) * 2 + 2 * 2))
    assert sum(p.numel() for p in small((2, 3)).parameters()) == convolutions + 2 * 2 * (2 + 3 + 2) + 3 * 2 + 3


def test_the_weights_are_small_and_those_of_the_record(record: dict[str, Any]) -> None:
    content = detector.WEIGHTS.read_bytes()
    assert len(content) < 5_000_000
    assert (len(content), hashlib.sha256(content).hexdigest()) == (
        record["weights"]["bytes"],
        record["weights"]["sha256"],
    )
    loaded = network.load_network(detector.WEIGHTS, CPU)
    assert sum(p.numel() for p in loaded.parameters()) == record["network"]["parameters"]


def test_the_record_says_how_to_do_it_again(record: dict[str, Any]) -> None:
    assert record["schema"] == "training/1"
    seen = {
        purpose: {(cohort["order"]["seed"], hospital) for cohort in part["cohorts"] for hospital in cohort["hospitals"]}
        for purpose, part in record["data"].items()
    }
    assert seen["training"]
    assert seen["validation"]
    assert not seen["training"] & seen["validation"]
    assert record["settings"]["seed"] >= 0
    assert record["hardware"]["device"]
    assert record["hardware"]["threads"] > 0
    assert record["wall_seconds"] > 0
    assert {"python", "torch", "numpy", "scipy", "nibabel"} <= set(record["versions"])
    steps = [point["step"] for point in record["curve"]]
    assert steps == sorted(steps)
    assert steps[-1] == record["settings"]["steps"]
    assert record["curve"][-1]["loss"] < record["curve"][0]["loss"]
    assert set(record["calibration"]) == {"bias", "peak", "size", "contrast"}


def certain(classes: torch.Tensor) -> torch.Tensor:
    """Logits of a network that is sure of these classes."""
    return 20.0 * torch.nn.functional.one_hot(classes, network.CLASSES).movedim(-1, 1).float()


def cube(side: int) -> torch.Tensor:
    classes = torch.zeros(1, 16, 16, 16, dtype=torch.long)
    classes[:, :side, :side, :side] = network.LESION
    return classes


def test_the_right_answer_costs_nothing_and_an_unseen_lesion_of_any_size_the_same() -> None:
    small_one, large_one, nothing = cube(3), cube(9), cube(0)
    for classes in (small_one, large_one, nothing):
        assert loss.supervised_loss([certain(classes)], classes).item() == pytest.approx(0, abs=1e-3)
    missed = [loss.dice_loss(certain(nothing).softmax(dim=1), classes).item() for classes in (small_one, large_one)]
    assert missed == pytest.approx([0.5 * 27 / 28, 0.5 * 729 / 730], abs=1e-3)
    assert loss.dice_loss(certain(small_one).softmax(dim=1), nothing).item() == pytest.approx(0.5 * 27 / 28, abs=1e-3)


def test_sight_is_of_the_most_suspicious_spot() -> None:
    """Eight voxels at 0.9 make an alarm where nothing is; of a lesion of 27 voxels the eight likeliest count."""
    found = torch.zeros(1, 16, 16, 16)
    found[0, 0, 0, :8] = 0.9
    nowhere = torch.zeros_like(found, dtype=torch.bool)
    assert loss.sight_loss(found, nowhere).item() == pytest.approx(-np.log(0.1), rel=1e-4)
    lesion = nowhere.clone()
    lesion[0, 0, :3, :9] = True
    assert loss.sight_loss(found, lesion).item() == pytest.approx(-np.log(0.9), rel=1e-4)
    one_voxel = nowhere.clone()
    one_voxel[0, 0, 0, 0] = True
    assert loss.suspicion(found, one_voxel).item() == pytest.approx(0.9)


def test_weights_are_read_without_pickle(tmp_path: Any) -> None:
    np.savez(tmp_path / "weights.npz", x=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        network.load_network(tmp_path / "weights.npz", CPU)


def test_every_voxel_is_in_a_window() -> None:
    for shape in ((5, 9, 12), (8, 8, 8), (17, 8, 30)):
        image = np.random.default_rng(1).normal(size=(2, *shape)).astype(np.float32)
        copied = windows.slide(lambda part: part, image, device=CPU, window=(8, 8, 8), step=(4, 4, 4))
        assert copied.shape == image.shape
        assert np.allclose(copied, image, atol=1e-6)


def test_windows_give_what_the_whole_volume_gives_away_from_borders() -> None:
    """With two levels nothing further than 6 voxels counts (2 + 2·2 in the encoder's nodes and 2 in the decoder's)."""
    net, reach = small((4, 6)), 10
    image = np.random.default_rng(2).normal(size=(network.INPUTS, 48, 32, 32)).astype(np.float32)
    with torch.inference_mode():
        whole = net.probabilities(torch.from_numpy(image)[None])[0].numpy()
    one = windows.slide(net.probabilities, image, device=CPU, window=(48, 32, 32), step=(24, 16, 16))
    assert np.allclose(one, whole, atol=1e-5)
    parts = windows.slide(net.probabilities, image, device=CPU, window=(32, 32, 32), step=(16, 16, 16))
    # x = 10 … 15 lies in the first window only, x = 32 … 37 in the second only: each 10 voxels off every rim.
    for x in (slice(reach, 16), slice(32, 38)):
        inner = (slice(None), x, slice(reach, -reach), slice(reach, -reach))
        assert np.allclose(parts[inner], whole[inner], atol=1e-5)
    assert not np.allclose(parts, whole, atol=1e-5)  # near a rim they may differ
