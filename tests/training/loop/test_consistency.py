import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.training.trees import tiny
from training.loop.consistency import ConsistencyConfig, consistency

pytestmark = pytest.mark.torch

LABELS = tiny()
CONFIG = ConsistencyConfig(weight=2.0, threshold=0.9, temperature=1.0, ramp_steps=0)
NOTHING = torch.zeros(1, 1, 4, dtype=torch.bool)


def _logits(*probabilities: float) -> Tensor:
    return torch.logit(torch.tensor(probabilities))[None, None]


def _consistency(
    teacher: Tensor,
    student: Tensor,
    *,
    true: Tensor = NOTHING,
    unknown: Tensor = ~NOTHING,
    config: ConsistencyConfig = CONFIG,
    step: int = 0,
) -> tuple[Tensor, dict[str, Tensor]]:
    return consistency(
        teacher,
        student,
        (true, unknown),
        labels=LABELS,
        weights=torch.ones(4),
        config=config,
        step=step,
    )


def test_an_unlabelled_frame_worked_by_hand() -> None:
    """Columns alarm, smoke alarm, siren, speech; sure of alarm alone, and that nobody speaks."""
    teacher, student = _logits(0.96, 0.7, 0.6, 0.05), _logits(0.5, 0.01, 0.99, 0.5)

    loss, ratios = _consistency(teacher, student)

    # KL(0.96 to 0.5) = ln 2 + 0.96 ln 0.96 + 0.04 ln 0.04 = 0.5252; KL(0.05 to 0.5) = 0.4946
    assert float(loss) == pytest.approx(2 * (0.5252 + 0.4946), abs=2e-4)
    assert ratios["consistency"].tolist() == [[pytest.approx(float(loss))], [1]]
    assert ratios["pseudo_rate_depth"].tolist() == [[1, 0], [1, 1]]  # alarm is as deep as it goes
    assert ratios["pseudo_accuracy_depth"].tolist() == [[0, 0], [0, 0]]  # nobody knows the truth


def test_where_a_label_says_otherwise_the_teacher_is_silent_and_found_wrong() -> None:
    speech = torch.tensor([[[False, False, False, True]]])
    teacher, student = _logits(0.97, 0.97, 0.03, 0.97), _logits(0.5, 0.5, 0.5, 0.5)

    loss, ratios = _consistency(teacher, student, true=speech, unknown=NOTHING)

    # only speech agrees: KL(0.97 to 0.5) = 0.5584
    assert float(loss) == pytest.approx(2 * 0.5584, abs=2e-4)
    assert ratios["pseudo_accuracy_depth"].tolist() == [[1, 0], [2, 1]]


def test_below_a_coarse_label_the_teacher_goes_on() -> None:
    alarm = torch.tensor([[[True, False, False, False]]])
    below = torch.tensor([[[False, True, True, False]]])
    teacher, student = _logits(0.99, 0.97, 0.5, 0.5), _logits(0.99, 0.5, 0.5, 0.5)

    loss, ratios = _consistency(teacher, student, true=alarm, unknown=below)

    assert float(loss) == pytest.approx(2 * 0.5584, abs=1e-3)
    assert ratios["pseudo_rate_depth"].tolist() == [[1, 1], [1, 1]]


def test_the_weight_rises_over_the_ramp() -> None:
    config = replace(CONFIG, ramp_steps=100)
    teacher, student = _logits(0.96, 0.7, 0.6, 0.05), _logits(0.5, 0.5, 0.5, 0.5)

    losses = [float(_consistency(teacher, student, config=config, step=s)[0]) for s in (0, 50, 100)]

    assert losses[0] == pytest.approx(losses[2] * math.exp(-5))
    assert losses[1] == pytest.approx(losses[2] * math.exp(-1.25))


def test_a_student_that_agrees_learns_nothing_and_the_teacher_never_does() -> None:
    teacher = _logits(0.96, 0.97, 0.02, 0.05).requires_grad_()
    student = teacher.detach().clone().requires_grad_()

    loss, _ = _consistency(teacher, student)
    loss.backward()

    assert float(loss.detach()) == pytest.approx(0, abs=1e-6)
    torch.testing.assert_close(student.grad, torch.zeros_like(student))
    assert teacher.grad is None


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**31), temperature=st.sampled_from([0.0, 0.5, 1.0]))
def test_loss_and_gradient_are_finite_and_never_below_zero(seed: int, temperature: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    teacher = 30 * torch.randn(2, 3, 4, generator=generator)
    student = (30 * torch.randn(2, 3, 4, generator=generator)).requires_grad_()
    true = torch.rand(2, 3, 4, generator=generator) < 0.3
    true[..., 0] |= true[..., 1] | true[..., 2]  # closed under ancestors
    unknown = (torch.rand(2, 3, 4, generator=generator) < 0.5) & ~true

    config = replace(CONFIG, temperature=temperature)
    loss, ratios = _consistency(teacher, student, true=true, unknown=unknown, config=config)
    loss.backward()

    assert float(loss.detach()) >= -1e-5
    assert student.grad is not None
    assert torch.isfinite(student.grad).all()
    for parts, wholes in ratios.values():
        assert torch.isfinite(parts).all()
        assert (wholes >= 0).all()
    for name in ("pseudo_rate_depth", "pseudo_accuracy_depth"):
        assert (ratios[name][0] <= ratios[name][1]).all()
