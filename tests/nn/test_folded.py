"""The transposed convolution to few channels is torch's own, in float32 from products in bfloat16."""

import pytest
import torch
import torch.nn.functional as F

from disentool.nn import conv, folded


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("size", [(4, 4), (3, 5)])
def test_it_is_the_transposed_convolution(outputs, size):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 6, *size, generator=generator, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(6, outputs, 4, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    found, expected = folded.conv_transpose(x, weight), F.conv_transpose2d(x, weight, None, 2, 1)
    torch.testing.assert_close(found, expected.float())
    ahead = torch.randn(expected.shape, generator=generator)
    for mine, theirs in zip(
        torch.autograd.grad(found, (x, weight), ahead),
        torch.autograd.grad(expected, (x, weight), ahead.double()),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs)


def test_only_bfloat16_is_folded(monkeypatch):
    called, usual = [], folded.conv_transpose
    monkeypatch.setattr(folded, "conv_transpose", lambda *given: called.append(1) or usual(*given))
    for dtype, outputs, kernel, expected in (
        (torch.bfloat16, 1, 4, 1),
        (torch.float32, 1, 4, 0),
        (torch.bfloat16, 8, 4, 0),
        (torch.bfloat16, 1, 2, 0),
    ):
        called.clear()
        layer = conv.ConvTranspose2d(4, outputs, kernel, 2, 1).to(dtype)
        layer(torch.randn(2, 4, 6, 6, dtype=dtype))
        assert len(called) == expected, (dtype, outputs, kernel)
