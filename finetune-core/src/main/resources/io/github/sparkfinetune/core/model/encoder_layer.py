"""Post-norm transformer layer with an explicit backward.

The backward keeps less than a recorded graph: no probabilities after dropout, no activation, no
hidden state between the two halves, and masks of 1 byte. With products in BF16, it keeps their
inputs in BF16 and no probabilities. It works in place and writes weight gradients to their final
tensors. N tokens of all texts concatenated, H hidden; attention's shapes, batch and documents as in
attention.py. On a GPU in BF16 flash_attention.py computes all texts at once, unless probabilities
are dropped or scores have a bias.
"""

from typing import Dict, List

import torch
from core.model.activation import Activation
from core.model.attention import Attention
from core.model.dropout import Dropout
from core.model.flash_attention import FlashAttention
from core.model.linear import Linear
from core.model.measure import Measure
from core.model.norm import LayerNorm
from torch import Tensor


class EncoderLayer(Linear, LayerNorm, Attention, FlashAttention, Activation, Dropout, Measure):
    hidden_act: str
    hidden_scale: float
    fused_attention: bool

    def layer(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """x [N, H] -> [N, H], for a forward without backward or as PyTorch records it.

        Without a graph, the products' results have the compute dtype, the sums and norms F32.
        """
        attended = self.attended(x, w, batch, documents, masks)
        a = self.output(attended, w, masks, "attention_output")
        h = self.layer_norm(self.residual(x, a, masks, "attention_residual"), w, "attention_norm")
        f = self.output(self.intermediate(h, w, masks), w, masks, "output")
        return self.layer_norm(self.residual(h, f, masks, "output_residual"), w, "output_norm")

    def output(self, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor], name: str) -> Tensor:
        """A linear; in F32 as PyTorch records it, without a graph in the compute dtype."""
        if torch.is_grad_enabled():
            return self.linear(x, w, masks, name)
        return self.cast_dense(x, w, masks, name)

    def intermediate(self, h: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor]) -> Tensor:
        """The activation of the linear "intermediate", in the compute dtype."""
        name, act = "intermediate", self.hidden_act
        tanh = act == "gelu_new" or act == "gelu_pytorch_tanh"
        if (act == "gelu" or tanh) and name + ".packed" in w and not self.has_adapter(w, name):
            return self.packed_product(self.packed_input(h, w, name), w, name, "tanh" if tanh else "none")
        return self.activation(self.cast(self.output(h, w, masks, name)), act)

    def attended(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Tensor:
        """Attention's output before its linear: x [N, H] -> [N, H]

        Without a graph it has the compute dtype, unless attention is slow in BF16.
        """
        if torch.is_grad_enabled():
            q = self.linear(x, w, masks, "query")
            k = self.linear(x, w, masks, "key")
            v = self.linear(x, w, masks, "value")
            return self.attention(q, k, v, w, batch, documents, masks)
        qkv = self.projected(x, w, masks)
        if self.is_one_call(qkv[0], w, batch, masks):
            return self.flash(qkv[0], qkv[1], qkv[2], documents, batch)[0]
        return self.attention(qkv[0], qkv[1], qkv[2], w, batch, documents, masks)

    def is_one_call(
        self, x: Tensor, w: Dict[str, Tensor], batch: Dict[str, Tensor], masks: Dict[str, Tensor]
    ) -> bool:
        """Whether flash attention computes all texts of x [N, H]; it keeps and drops no probabilities."""
        return self.is_flash(x, batch) and "probs" not in masks and "relative.weight" not in w

    def projected(self, x: Tensor, w: Dict[str, Tensor], masks: Dict[str, Tensor]) -> List[Tensor]:
        """Queries, keys and values [N, H] of x, without a graph."""
        names = ["query", "key", "value"]
        y: List[Tensor] = []
        packed = True
        for name in names:
            packed = packed and name + ".packed" in w and not self.has_adapter(w, name)
        inputs = self.packed_input(x, w, "query") if packed else [self.cast(x)]
        for name in names:
            if packed:
                y.append(self.packed_product(inputs, w, name, ""))
            else:
                y.append(self.cast_dense(inputs[0], w, masks, name))
        return [z.to(torch.float32) for z in y] if self.fused_attention else y

    def residual(self, x: Tensor, y: Tensor, masks: Dict[str, Tensor], site: str) -> Tensor:
        """x + dropout(y), as PyTorch records it."""
        if site not in masks:
            return x + y
        return torch.add(x, y * masks[site], alpha=self.hidden_scale)

    def attention_input(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
        name: str,
    ) -> Tensor:
        """A linear of x [N, H] by head, in the type of attention's products.

        If the fused kernel is selected, attention's products in BF16 are slow.
        """
        dense = self.fused_attention
        y = self.dense(x, w, masks, name) if dense else self.cast_dense(x, w, masks, name)
        return self.by_head(self.padded(y, batch), documents)

    def attention_forward(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Dict[str, Tensor]:
        """x [N, H], in the compute dtype -> attended [N, H] and the tensors for attention_backward."""
        if self.is_one_call(x, w, batch, masks):
            rows = [self.cast_dense(x, w, masks, name) for name in ["query", "key", "value"]]
            attended, sums = self.flash(rows[0], rows[1], rows[2], documents, batch)
            return {"query": rows[0], "key": rows[1], "value": rows[2], "lse": sums, "attended": attended}
        q = self.attention_input(x, w, batch, documents, masks, "query")
        k = self.attention_input(x, w, batch, documents, masks, "key")
        v = self.attention_input(x, w, batch, documents, masks, "value")
        probs, o = self.attend(q, k, v, w, batch, documents, masks)
        attended = self.unpadded(self.by_token(o, documents), batch)
        return {"q": q, "k": k, "v": v, "probs": probs, "attended": attended}

    def attention_backward(
        self,
        go: Tensor,
        kept: Dict[str, Tensor],
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
    ) -> List[Tensor]:
        """Gradients of queries, keys and values, each [N, H]; go [N, H]: gradient of attended."""
        if self.is_one_call(kept["attended"], w, batch, masks):
            inputs = {"q": kept["query"], "k": kept["key"], "v": kept["value"]}
            inputs["attended"], inputs["lse"] = kept["attended"], kept["lse"]
            gq, gk, gv = self.flash_backward(go, inputs, documents, batch)
            return [gq, gk, gv]
        go = self.unpadded_backward(go.to(kept["q"].dtype), batch)
        gq, gk, gv = self.attend_backward(
            self.by_head(go, documents),
            kept["q"],
            kept["k"],
            kept["v"],
            kept["probs"],
            w,
            batch,
            documents,
            masks,
            gradients,
        )
        return [self.unpadded(self.by_token(g, documents), batch) for g in [gq, gk, gv]]

    def layer_forward(
        self,
        x: Tensor,
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
    ) -> Dict[str, Tensor]:
        """x [N, H] -> y [N, H] and the tensors for layer_backward, without a graph."""
        kept = self.attention_forward(self.cast(x), w, batch, documents, masks)
        a = self.dense(kept["attended"], w, masks, "attention_output")
        sum1 = self.add_dropped(x, a, masks, "attention_residual", self.hidden_scale)
        h, mean1, rstd1 = self.normed(sum1, w, "attention_norm")
        u = self.cast_dense(h, w, masks, "intermediate")
        f = self.dense(self.activation(u, self.hidden_act), w, masks, "output")
        sum2 = self.add_dropped(h, f, masks, "output_residual", self.hidden_scale)
        y, mean2, rstd2 = self.normed(sum2, w, "output_norm")
        kept["y"], kept["intermediate"] = y, u
        kept["attention_sum"], kept["attention_mean"], kept["attention_rstd"] = sum1, mean1, rstd1
        kept["output_sum"], kept["output_mean"], kept["output_rstd"] = sum2, mean2, rstd2
        return kept

    def layer_backward(
        self,
        gy: Tensor,
        kept: Dict[str, Tensor],
        w: Dict[str, Tensor],
        batch: Dict[str, Tensor],
        documents: List[int],
        masks: Dict[str, Tensor],
        gradients: Dict[str, Tensor],
        add: bool,
        needs_input_grad: bool,
    ) -> List[Tensor]:
        """-> [gradient of x] if needed; kept: the result of layer_forward, and x."""
        x, sum1, u = kept["x"], kept["attention_sum"], kept["intermediate"]
        mean, rstd = kept["output_mean"], kept["output_rstd"]
        g2 = self.layer_norm_backward(gy, kept["output_sum"], mean, rstd, w, gradients, "output_norm", add)
        gf = self.dropped_backward(g2, masks, "output_residual", self.hidden_scale)
        f = self.activation(u, self.hidden_act)
        gu = self.cast_backward(gf, f, w, masks, gradients, "output", add, None, True)
        gu = self.activation_backward(gu, u, self.hidden_act)
        h = self.layer_norm(sum1, w, "attention_norm")
        gh = self.linear_backward(gu, h, w, masks, gradients, "intermediate", add, g2, True)
        mean, rstd = kept["attention_mean"], kept["attention_rstd"]
        g1 = self.layer_norm_backward(gh, sum1, mean, rstd, w, gradients, "attention_norm", add)
        ga = self.dropped_backward(g1, masks, "attention_residual", self.hidden_scale)
        attended = kept["attended"]
        go = self.linear_backward(ga, attended, w, masks, gradients, "attention_output", add, None, True)
        g = self.attention_backward(go, kept, w, batch, documents, masks, gradients)
        narrow = self.cast(x)
        gx = g1
        for name, rows in [("query", g[0]), ("key", g[1]), ("value", g[2])]:
            gx = self.linear_backward(rows, narrow, w, masks, gradients, name, add, gx, needs_input_grad)
        return [gx] if needs_input_grad else []
