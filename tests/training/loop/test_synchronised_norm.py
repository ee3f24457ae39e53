from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import distributed, nn

from training.loop.synchronised_norm import SynchronisedBatchNorm2d, synchronise_norms

pytestmark = pytest.mark.torch


@pytest.fixture
def _group_of_one(tmp_path: Path) -> Iterator[None]:
    """A process group of this process alone; what two take together is tested with the machine."""
    distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1
    )
    yield
    distributed.destroy_process_group()


def _pair() -> tuple[nn.BatchNorm2d, SynchronisedBatchNorm2d]:
    torch.manual_seed(3)
    plain, shared = nn.BatchNorm2d(3).double(), SynchronisedBatchNorm2d(3).double()
    with torch.no_grad():
        for values in (plain.weight, plain.bias, plain.running_mean):
            assert values is not None
            values.normal_()
    shared.load_state_dict(plain.state_dict())
    return plain, shared


@pytest.mark.usefixtures("_group_of_one")
def test_alone_it_is_batch_norm_forwards_backwards_and_in_its_running_statistics() -> None:
    plain, shared = _pair()
    x = (5 + 3 * torch.randn(4, 3, 7, 2, dtype=torch.float64)).requires_grad_()
    twin = x.detach().clone().requires_grad_()

    one, two = plain(x), shared(twin)
    one.pow(3).sum().backward()
    two.pow(3).sum().backward()

    torch.testing.assert_close(two, one)
    torch.testing.assert_close(twin.grad, x.grad)
    torch.testing.assert_close(shared.weight.grad, plain.weight.grad)
    torch.testing.assert_close(shared.bias.grad, plain.bias.grad)
    torch.testing.assert_close(shared.state_dict(), plain.state_dict())


def test_in_evaluation_it_needs_no_other_process() -> None:
    plain, shared = _pair()
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)

    assert torch.equal(shared.eval()(x), plain.eval()(x))


def test_every_norm_of_a_model_is_replaced_and_its_weights_are_kept() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.BatchNorm2d(2, eps=0.5)))
    before = {name: value.clone() for name, value in model.state_dict().items()}

    synchronise_norms(model)

    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert [type(norm) for norm in norms] == [SynchronisedBatchNorm2d]
    assert norms[0].eps == 0.5
    torch.testing.assert_close(dict(model.state_dict()), before)
