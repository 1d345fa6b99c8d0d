"""Random tensors for cases.py with the shapes that the engine's scripts needs; Inputs of the same seed are equal."""

import torch

HEADS, KV_HEADS, WIDTH = 4, 2, 8
HIDDEN, KEYS, WIDE, RANK, VOCABULARY = HEADS * WIDTH, KV_HEADS * WIDTH, 40, 3, 50
TEXTS, TOKENS = 3, 8
DOCUMENTS = [5, 5, 1, 9]
N = sum(DOCUMENTS)
# The same documents in padded calls of attention.
PADDED = [8, 8, 8, 9]


class Inputs:
    """Tensors of a seed."""

    def __init__(self, seed, device, attributes):
        self.generator = torch.Generator().manual_seed(seed)
        self.device = device
        self.backend = attributes.get("backend")
        self.relative = attributes.get("relative")
        self.kv_heads = attributes.get("num_key_value_heads", KV_HEADS)
        self.causal = attributes.get("causal", True)
        self.keeps_sums = attributes.get("fused_attention", False)
        self.capped = attributes.get("attention_cap", 0.0) > 0

    def x(self, *shape):
        return torch.randn(shape, generator=self.generator).to(self.device)

    def ids(self, end, *shape):
        return torch.randint(end, shape, generator=self.generator).to(self.device)

    def long(self, *shape):
        """Returns integers of 64 bits."""
        return torch.randint(-(2**63), 2**63 - 1, shape, generator=self.generator).to(self.device)

    def codes(self, n):
        return self.ids(256, n).to(torch.uint8)

    def mask(self, *shape):
        return (self.x(*shape) > -0.8).to(torch.uint8)

    def scalar(self, value):
        return torch.tensor(value, device=self.device)

    def linear(self, name, out, inputs, kind="", conv1d=False):
        """Returns a linear's weights; kind: of bias, lora, dora."""
        w = {name + ".weight": self.x(inputs, out) if conv1d else self.x(out, inputs)}
        if "bias" in kind:
            w[name + ".bias"] = self.x(out)
        if "lora" in kind or "dora" in kind:
            w[name + ".lora_A"] = self.x(RANK, inputs)
            w[name + ".lora_B"] = self.x(out, RANK)
            w[name + ".scaling"] = self.scalar(2.0)
            w[name + ".keep"] = self.scalar(1.25)
        if "dora" in kind:
            w[name + ".lora_magnitude"] = self.x(out)
            w[name + ".norm"] = self.x(out).abs() + 1
        return w

    def packed_linear(self, out, inputs):
        """Yields a linear "a" as the backend packs it, if the backend packs weights on this device."""
        if self.device != "cpu":
            return
        if self.backend in ("PackedBf16", "Int8Products"):
            yield self.packed_weight(out, inputs)
        elif self.backend == "Int8Weights":
            yield {"a.packed": self.narrow(out, inputs), "a.packed_scale": self.x(out)}
        elif self.backend == "Int4Weights":
            yield {"a.packed": self.four_bits(out, inputs), "a.packed_scale": self.x(inputs // 32, out, 2)}

    def packed_weight(self, out, inputs):
        """Returns a linear "a" whose weight is packed in BF16."""
        packed = torch.ops.mkldnn._reorder_linear_weight(self.x(out, inputs).to(torch.bfloat16), 1024)
        return {"a.packed": packed, "a.bias": self.x(out)}

    def narrow(self, out, inputs):
        """Returns a weight's codes in 8 bits."""
        return self.ids(256, out, inputs).sub(128).to(torch.int8)

    def four_bits(self, out, inputs):
        """Returns a weight's codes in 4 bits, packed."""
        return torch.ops.aten._convert_weight_to_int4pack_for_cpu(self.ids(16, out, inputs).to(torch.int32), 1)

    def packed_codes(self, out, inputs):
        """Returns a linear "a" whose weight is packed in 8 bits."""
        return {
            "a.packed": torch.ops.onednn.qlinear_prepack(self.narrow(out, inputs), None),
            "a.packed_scale": self.x(out).abs(),
            "a.packed_zero": torch.zeros(out, dtype=torch.int64),
            "a.bias": self.x(out),
        }

    def norm(self, name, width):
        return {name + ".weight": self.x(width), name + ".bias": self.x(width)}

    def lm_head(self, bias):
        """Returns the lm_head, which maps hidden states to logits over the vocabulary."""
        return self.linear("lm_head", VOCABULARY, HIDDEN, "bias" if bias else "")

    def gradients(self, w):
        constants = (".norm", ".scaling", ".keep", "window")
        return {name: self.x(*v.shape) for name, v in w.items() if not name.endswith(constants)}

    def sample_gradients(self, w):
        """Returns the gradients of an adapter for two samples of N rows in all."""
        matrices = {name: self.x(2, *v.shape) for name, v in w.items() if name.endswith((".lora_A", ".lora_B"))}
        return matrices | {"sample_rows": torch.tensor([N - 2, 2])}

    def sample_squares(self):
        """Returns what measures the gradients of two samples of N rows in all."""
        squares = torch.tensor([1.0, 2.0], dtype=torch.float64, device=self.device)
        return {"sample_rows": torch.tensor([N - 2, 2]), "sample_squares": squares}

    def linears(self):
        """Returns (weights, masks) of a linear "a" [WIDE, HIDDEN] over N rows, in each form."""
        for kind in ["", "bias", "lora bias", "dora", "dora bias"]:
            for masks in [{}, {"a": self.mask(N, HIDDEN)}]:
                yield self.linear("a", WIDE, HIDDEN, kind), masks

    def encoder(self, kind="bias"):
        """Returns (weights, batch, documents, masks) of an encoder's layer."""
        w = {**self.norm("attention_norm", HIDDEN), **self.norm("output_norm", HIDDEN)}
        for name in ["query", "key", "value", "attention_output"]:
            w |= self.linear(name, HIDDEN, HIDDEN, kind)
        w |= self.linear("intermediate", WIDE, HIDDEN, kind)
        w |= self.linear("output", HIDDEN, WIDE, kind)
        if self.relative:
            w["relative.weight"] = self.x(*self.relative)
        return w, self.padded(), PADDED, self.layer_masks(PADDED)

    def padded(self):
        """Returns the attention inputs of an encoder for a batch whose calls take the third document first."""
        starts = torch.tensor([0, *DOCUMENTS]).cumsum(0).tolist()
        pad, unpad, bias = [], [0] * N, []
        for document, length in zip([2, 0, 1, 3], PADDED, strict=True):
            for token in range(length):
                real = token < DOCUMENTS[document]
                if real:
                    unpad[starts[document] + token] = len(pad)
                pad.append(starts[document] + token * real)
                bias.append(0.0 if real else float("-inf"))
        batch = {"pad": torch.tensor(pad), "unpad": torch.tensor(unpad), "bias": torch.tensor(bias)}
        return {name: tensor.to(self.device) for name, tensor in batch.items()}

    def layer_masks(self, documents):
        return {
            "probs": self.mask(sum(HEADS * n * n for n in documents)),
            "attention_residual": self.mask(N, HIDDEN),
            "output_residual": self.mask(N, HIDDEN),
        }

    def encoders(self):
        yield self.encoder()
        w, batch, documents, masks = self.encoder("lora bias")
        yield w, {}, DOCUMENTS, {}
        yield w, batch, documents, {}
        yield w, {}, DOCUMENTS, self.layer_masks(DOCUMENTS)
        yield w, batch, documents, masks
        flash = {"starts": self.starts(DOCUMENTS)}
        w, batch, documents, masks = self.encoder()
        yield w, flash, DOCUMENTS, {}
        yield w, batch | flash, documents, {name: mask for name, mask in masks.items() if name != "probs"}
        yield w, batch | flash, documents, masks

    def modern(self, kind="", bias=False, layer="local"):
        """Returns (weights, batch, masks) of a pre-norm layer: first, local or last."""
        norms = {"first": ["mlp_norm"], "local": ["attn_norm", "mlp_norm"]}
        w = {}
        for name in norms.get(layer, ["attn_norm", "mlp_norm", "final_norm"]):
            w |= self.norm(name, HIDDEN)
            if not bias:
                del w[name + ".bias"]
        for name, out, inputs in [
            ("attn.Wqkv", 3 * HIDDEN, HIDDEN),
            ("attn.Wo", HIDDEN, HIDDEN),
            ("mlp.Wi", 2 * WIDE, HIDDEN),
            ("mlp.Wo", HIDDEN, WIDE),
        ]:
            w |= self.linear(name, out, inputs, kind + (" bias" if bias else ""))
        if layer == "local":
            w["window"] = self.scalar(2.0)
        packed = self.packed()
        near = {"near": torch.empty(3, 0, 3, device=self.device)}
        return w, {name: packed[name] for name in ("cos", "sin", "indices", "starts")} | near, {}

    def moderns(self):
        yield self.modern(layer="first")
        yield self.modern("lora", True)
        w, batch, _ = self.modern("lora", True)
        yield w, batch | {"band": self.band()}, {}
        w, batch, _ = self.modern()
        yield w, batch | {"bias": self.padding()}, {}
        w, batch, _ = self.modern("lora", True)
        masks = {"probs": self.mask(sum(HEADS * n * n for n in DOCUMENTS))}
        yield w, batch, masks | {"attention_residual": self.mask(N, HIDDEN), "mlp.Wi": self.mask(N, HIDDEN)}
        yield self.modern(layer="last")

    def band(self):
        """Returns the mask of a window of 2 tokens to either side."""
        document = torch.repeat_interleave(torch.arange(len(DOCUMENTS)), torch.tensor(DOCUMENTS))
        place = torch.arange(N)
        seen = (document[:, None] == document) & ((place[:, None] - place).abs() <= 2)
        bias = torch.zeros(N // 4, 1, 4, 8)
        for query in range(N):
            for key in range(8):
                at = query // 4 * 4 - 2 + key
                if not (0 <= at < N and seen[query, at]):
                    bias[query // 4, 0, query % 4, key] = float("-inf")
        return bias.to(self.device)

    def padding(self):
        """Returns the bias of documents whose last two tokens are padding."""
        bias = torch.zeros(N)
        bias[N - 2 :] = float("-inf")
        return bias.to(self.device)

    def starts(self, documents):
        """Returns the first tokens of documents, and the number of all tokens."""
        return torch.tensor([0, *documents]).cumsum(0).to(torch.int32).to(self.device)

    def packed(self, width=WIDTH):
        """Returns a batch of documents; documents of 9 tokens are longer than the window."""
        angles = self.x(N, 1, width // 2)
        return {
            "cos": angles.cos(),
            "sin": angles.sin(),
            "positions": self.ids(9, N),
            "indices": self.ids(N, 7),
            "starts": self.starts(DOCUMENTS),
            "near": torch.empty(6, 0, 1, device=self.device),
        }

    def hidden(self, n):
        """Returns the bias of n tokens that see themselves and five tokens before."""
        hidden = torch.ones(n, n, device=self.device).tril().triu(-5) == 0
        return torch.zeros(n, n, device=self.device).masked_fill(hidden, float("-inf"))

    def biases_and_windows(self):
        """Returns pairs of a bias of 9 tokens, if any, and a window."""
        return [(None, (-1, -1)), (self.hidden(9), (-1, -1)), (None, (5, 0 if self.causal else 5))]

    def norms(self, before=True, after=True):
        """Returns the names of a layer's norms before and after its halves."""
        names = ["input_layernorm", "pre_feedforward_layernorm"] if before else []
        return names + (["post_attention_layernorm", "post_feedforward_layernorm"] if after else [])

    def llama(self, kind="", head_norms=False, fused=False, before=True, after=False):
        w = {name + ".weight": self.x(HIDDEN) for name in ["norm", *self.norms(before, after)]}
        apart = [("q_proj", HIDDEN), ("k_proj", KEYS), ("v_proj", KEYS), ("gate_proj", WIDE), ("up_proj", WIDE)]
        joined = [("qkv_proj", HIDDEN + 2 * KEYS), ("gate_up_proj", 2 * WIDE)]
        for name, out in joined if fused else apart:
            w |= self.linear(name, out, HIDDEN, kind)
        w |= self.linear("o_proj", HIDDEN, HIDDEN, kind) | self.linear("down_proj", HIDDEN, WIDE, kind)
        if head_norms:
            w |= {"q_norm.weight": self.x(WIDTH), "k_norm.weight": self.x(WIDTH)}
        return w

    def llamas(self):
        """Returns (weights, masks)."""
        yield self.llama(), {}
        yield self.llama("lora bias", True), {"v_proj": self.mask(N, HIDDEN)}
        yield self.llama("dora"), {"down_proj": self.mask(N, WIDE)}
        yield self.llama("lora", fused=True), {"qkv_proj": self.mask(N, HIDDEN)}
        yield self.llama(before=False, after=True), {}
        yield self.llama("lora", before=True, after=True), {}

    def gpt2(self, kind="bias"):
        w = {**self.norm("ln_1", HIDDEN), **self.norm("ln_2", HIDDEN), **self.norm("ln_f", HIDDEN)}
        w["position.weight"] = self.x(9, HIDDEN)
        for name, out, inputs in [
            ("attn.c_attn", 3 * HIDDEN, HIDDEN),
            ("attn.c_proj", HIDDEN, HIDDEN),
            ("mlp.c_fc", WIDE, HIDDEN),
            ("mlp.c_proj", HIDDEN, WIDE),
        ]:
            w |= self.linear(name, out, inputs, kind, conv1d=True)
        masks = {"probs": self.mask(sum(HEADS * n * n for n in DOCUMENTS))}
        masks |= {name + "_residual": self.mask(N, HIDDEN) for name in ["attention", "output"]}
        return w, masks

    def gpt2s(self):
        w, masks = self.gpt2()
        yield w, masks
        yield self.gpt2("lora bias")[0], {}

    def cache(self):
        shape = (len(DOCUMENTS), self.kv_heads, 12, WIDTH)
        return {"keys": self.x(*shape), "values": self.x(*shape)}

    def appended(self, tokens):
        """Tensors of tokens that are appended to each text, up to index 10."""
        texts = len(DOCUMENTS)
        rows = torch.arange(texts).unsqueeze(1).to(self.device)
        positions = torch.arange(10 - tokens, 10).expand(texts, tokens).contiguous().to(self.device)
        return {"rows": rows, "positions": positions}

    def qkv(self):
        keys = self.kv_heads * WIDTH
        return [self.x(N, HIDDEN), self.x(N, keys), self.x(N, keys)]
