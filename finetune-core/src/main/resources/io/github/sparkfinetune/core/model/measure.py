"""Backwards that measure the gradients of samples, see weight_gradients.py."""

from typing import Dict, List

from core.model.weight_gradients import WeightGradients
from torch import Tensor


class Measure(WeightGradients):
    def layer_measure(
        self,
        gy: Tensor,
        kept: Dict[str, Tensor],
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        needs_input_grad: bool,
    ) -> Dict[str, Tensor]:
        """As layer_backward; gradients holds sample_rows, sample_of_row and sample_squares, too.

        -> what add_scaled reads, and input_gradient [N, H] if needed.
        """
        found = gradients.copy()
        gx = self.layer_backward(gy, kept, w, batch, documents, masks, found, True, needs_input_grad)
        return self.added(found, gradients, gx)

    def embeddings_measure(
        self,
        gy: Tensor,
        kept: Dict[str, Tensor],
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        needs_input_grad: bool,
    ) -> Dict[str, Tensor]:
        """As embeddings_backward; gradients and the result are those of layer_measure."""
        found = gradients.copy()
        gx = self.embeddings_backward(gy, kept, w, batch, documents, masks, found, True, needs_input_grad)
        return self.added(found, gradients, gx)

    def sequence_head_measure(
        self,
        gy: Tensor,
        kept: Dict[str, Tensor],
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        needs_input_grad: bool,
    ) -> Dict[str, Tensor]:
        """As sequence_head_backward; gradients and the result are those of layer_measure."""
        found = gradients.copy()
        gx = self.sequence_head_backward(gy, kept, w, batch, documents, masks, found, True, needs_input_grad)
        return self.added(found, gradients, gx)

    def added(
        self, found: Dict[str, Tensor], gradients: Dict[str, Tensor], gx: List[Tensor]
    ) -> Dict[str, Tensor]:
        """The entries of found that are not in gradients, and a backward's result gx."""
        more: Dict[str, Tensor] = {}
        for name, x in found.items():
            if name not in gradients:
                more[name] = x
        if len(gx) > 0:
            more["input_gradient"] = gx[0]
        return more
