"""Inputs of every method of the engine's scripts, for check.py.

INPUTS maps CLASS.METHOD to a function that makes the arguments of one or several calls. ATTRIBUTES
are the variants of a class's attributes.
"""

import torch
from inputs import DOCUMENTS, HEADS, HIDDEN, KEYS, KV_HEADS, PADDED, RANK, TEXTS, TOKENS, VOCABULARY, WIDE, WIDTH, N

DROPOUT = dict(embeddings_scale=1.25, hidden_scale=1.25, probs_scale=1.25, head_scale=1.25, head_input_scale=1.1)
RELATIVE = dict(content_to_position=True, position_to_content=True, max_relative_positions=6)
GPT2 = dict(num_key_value_heads=HEADS, embeddings_scale=1.25, probs_scale=1.25, residual_scale=1.25, head_scale=1.25)
COMMON = dict(num_heads=HEADS, norm_eps=1e-5)
TO_ALL = dict(
    num_key_value_heads=HEADS, attention_scale=WIDTH**-0.5, attention_cap=0.0, causal=False, flash_attention=False
)
PLAIN = dict(
    norm_offset=0.0,
    embedding_multiplier=1.0,
    residual_multiplier=1.0,
    logits_multiplier=1.0,
    attention_scale=0.4,
    attention_cap=0.0,
    logit_cap=0.0,
)
FACTORS = dict(
    norm_offset=1.0,
    embedding_multiplier=6.0,
    residual_multiplier=0.3,
    logits_multiplier=0.25,
    attention_scale=0.2,
    attention_cap=5.0,
    logit_cap=3.0,
)
ACTIVATIONS = ["silu", "gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "tanh"]
ATTRIBUTES = {
    "Bert": [
        dict(
            COMMON, **TO_ALL, **DROPOUT, hidden_act=act, head_act=head, position_padding=padding, fused_attention=fused
        )
        for act, head, padding, fused in [("gelu", "tanh", -1, False), ("relu", "relu", 1, True)]
    ],
    "Mpnet": [
        dict(
            COMMON,
            **TO_ALL,
            **DROPOUT,
            hidden_act="gelu",
            head_act="tanh",
            position_padding=1,
            relative=(32, HEADS),
            fused_attention=True,
        )
    ],
    "DebertaV2": [
        dict(
            COMMON,
            **TO_ALL,
            **DROPOUT,
            **RELATIVE,
            hidden_act="gelu",
            head_act="gelu",
            position_padding=-1,
            position_buckets=buckets,
            relative=(2 * rows, HIDDEN),
            fused_attention=True,
        )
        for buckets, rows in [(4, 4), (-1, 6)]
    ],
    "ModernBert": [
        dict(
            COMMON,
            **DROPOUT,
            num_key_value_heads=HEADS,
            attention_scale=0.4,
            attention_cap=0.0,
            causal=False,
            hidden_act="gelu",
            head_act="gelu",
            mean_pooling=fused,
            fused_attention=fused,
            flash_attention=False,
            matrix_products=matrices,
        )
        for fused, matrices in [(False, False), (True, False), (False, True)]
    ],
    "Llama": [
        dict(
            COMMON,
            **factors,
            num_key_value_heads=KV_HEADS,
            hidden_act=act,
            head_scale=1.25,
            causal=True,
            fused_attention=fused,
            flash_attention=False,
            matrix_products=matrices,
        )
        for factors, act, fused, matrices in [
            (PLAIN, "silu", True, False),
            (PLAIN, "gelu_pytorch_tanh", False, False),
            (PLAIN, "gelu_pytorch_tanh", False, True),
            (FACTORS, "gelu_pytorch_tanh", False, True),
        ]
    ],
    "Gpt2": [
        dict(
            COMMON,
            **PLAIN,
            **GPT2,
            hidden_act="gelu_new",
            causal=True,
            fused_attention=True,
            flash_attention=False,
            matrix_products=False,
        )
    ],
    "VocabularyLoss": [dict(chunk=4, part=3, logit_cap=cap) for cap in (0.0, 3.0)],
    "DistillationLoss": [
        dict(chunk=4, part=3, logit_cap=cap, temperature=temperature, teacher_weight=weight)
        for cap, temperature, weight in [(0.0, 1.0, 0.5), (3.0, 2.0, 0.7), (0.0, 2.0, 1.0)]
    ],
    "SoftLabelLoss": [dict(temperature=temperature, teacher_weight=0.7) for temperature in (1.0, 2.0)],
    "PairLoss": [
        dict(beta=0.3, label_smoothing=smoothing, loss_type=kind, simpo_gamma=0.5, rpo_alpha=alpha)
        for kind, smoothing, alpha in [("sigmoid", 0.1, 0.5), ("robust", 0.1, 0.0), ("simpo", 0.1, 0.0)]
        + [(kind, 0.0, 0.0) for kind in ("ipo", "hinge", "apo_zero", "apo_down", "orpo")]
    ],
    "RewardLoss": [dict(center_coefficient=center) for center in (0.0, 0.1)],
    "EmbeddingLoss": [dict(scale=20.0, rows_at_once=2)],
    "RerankingLoss": [dict(mu=10.0)],
    "RatedLoss": [dict(beta=0.3, desirable_weight=1.5, undesirable_weight=0.5)],
    "AdamW": [dict(beta1=0.9, beta2=0.999, eps=1e-8)],
    "AdamW8bit": [dict(beta1=0.9, beta2=0.999, eps=1e-8, block=4, chunk=8)],
}


def related_texts(i):
    """Returns the inputs of EmbeddingLoss.ranking: an anchor with two, one with three and one with two texts."""
    indices = ([0, 2, 5], [1, 3, 4, 6], [[7, 8], [9, 4], [6, 5]], [8, 4, 9, 5], [0, 1, 3])
    return i.x(7, HIDDEN), [HIDDEN, WIDTH], *(torch.tensor(some, device=i.device) for some in indices)


def texts_of_rows(i):
    """Returns the batches of a pooling: the mean of each text's rows, of which two are filler, or one row of each."""
    texts = [0] * 4 + [1] * 3 + [2] * (N - 9) + [-1] * 2
    lengths = torch.tensor([4.0, 3.0, N - 9.0], device=i.device)
    return {"texts": torch.tensor(texts, device=i.device), "text_lengths": lengths}, {"indices": i.ids(N, 3)}


def lists(i):
    """Returns the inputs of a method of RerankingLoss: a query with three documents, and one with two."""
    return i.x(5, 1), i.x(5, 1).abs(), torch.arange(5, device=i.device), 2, 3


def token_documents(i):
    """Returns the losses of tokens, and the index of each token's document among 4."""
    return i.x(9).abs(), torch.tensor([0, 0, 0, 1, 1, 2, 3, 3, 3], device=i.device)


def token_classes(i, n):
    """Returns the ids of 3 tokens that stand for each of n distributions of a teacher, and their log-weights."""
    return i.x(n, VOCABULARY).topk(3)[1], i.x(n, 3).log_softmax(-1)


def offsets(i, *shape):
    """Returns F64 numbers in [0, 1)."""
    return i.x(*shape).double().abs().frac()


def numbers_and_bits(i, n):
    """Returns room for n numbers, and the same memory as integers."""
    numbers = torch.zeros(n, device=i.device)
    return [numbers, numbers.view(torch.int32)]


def sums(i):
    """Returns the log-sum-exps of the fused kernel's calls, if any."""
    # Two documents of 5 tokens share a call.
    calls = enumerate([(2, 5), (1, 1), (1, 9)])
    return {f"lse.{call}": i.x(documents, HEADS, length) for call, (documents, length) in calls if i.keeps_sums}


def kept_of_llama(i, w):
    """Returns random values for what Llama.layer_forward keeps."""
    q, k, v = i.qkv()
    kept = {"x": i.x(N, HIDDEN), "q": q, "k": k, "v": v, "attended": i.x(N, HIDDEN)}
    kept["h"] = i.x(N, HIDDEN)
    for norm in i.norms():
        kept |= {norm + ".rms": i.x(N, 1), norm + ".input": i.x(N, HIDDEN)}
    kept |= {"gate": i.x(N, WIDE), "up": i.x(N, WIDE)}
    kept |= sums(i) | {"lse": i.x(HEADS, N)}
    if "q_norm.weight" in w:
        kept |= {"normed_q": i.x(N, HIDDEN), "normed_k": i.x(N, KEYS)}
    return kept


def kept_of_flash(i):
    """Returns random values for what FlashAttention.flash keeps, with its inputs."""
    k, v = (i.x(N, i.kv_heads * WIDTH) for _ in "kv")
    return {"q": i.x(N, HIDDEN), "k": k, "v": v, "attended": i.x(N, HIDDEN), "lse": i.x(HEADS, N)}


def probabilities(i, documents):
    """Returns the probabilities of all scores, concatenated."""
    return torch.cat([i.x(HEADS, n, n).softmax(-1).flatten() for n in documents])


def kept_of_encoder(i, documents):
    """Returns random values for what EncoderLayer.layer_forward keeps."""
    kept = {name: i.x(sum(documents), HIDDEN) for name in "qkv"}
    for name in ["x", "attended", "attention_sum", "output_sum"]:
        kept[name] = i.x(N, HIDDEN)
    for name in ["attention_mean", "attention_rstd", "output_mean", "output_rstd"]:
        kept[name] = i.x(N, 1)
    kept["probs"] = probabilities(i, documents)
    kept["intermediate"] = i.x(N, WIDE)
    return kept | {name: i.x(N, HIDDEN) for name in ("query", "key", "value")} | {"lse": i.x(HEADS, N)}


def kept_of_modern(i, w, batch):
    """Returns random values for what ModernBert.layer_forward keeps."""
    kept = {name: i.x(N, HIDDEN) for name in ("q", "k", "v", "x", "attended", "sum")}
    for norm, name in [("mlp_norm", "mlp"), ("attn_norm", "attention"), ("final_norm", "final")]:
        if norm + ".weight" in w:
            kept |= {f"{name}_{part}": i.x(N, 1) for part in ("mean", "rstd")}
    if "final_norm.weight" in w:
        kept["last"] = i.x(N, HIDDEN)
    kept |= (sums_of_band(i) if "band" in batch else sums(i)) | {"lse": i.x(HEADS, N)}
    kept["wide"] = i.x(N, 2 * WIDE)
    return kept


def sums_of_band(i):
    return {"lse.0": i.x(N // 4, HEADS, 4)} if i.keeps_sums else {}


def decoder_head(i):
    """Returns the last norms of both kinds of decoders, and the linear of a head that classifies."""
    return i.llama() | i.gpt2()[0] | i.linear("classifier", 3, HIDDEN, "bias")


def modern_head(i):
    head = i.linear("dense", HIDDEN, HIDDEN) | {"norm.weight": i.x(HIDDEN)}
    return head | i.linear("classifier", 3, HIDDEN, "bias")


def recorded(i, add, shared):
    """Returns the arguments of Autograd.backward; the loss does not depend on the second parameter."""
    with torch.enable_grad():
        x, w, unused = (i.x(3, 3).requires_grad_(True) for _ in range(3))
        y = torch.tanh(x @ w)
    return y, i.x(3, 3), [x], [w, unused], [i.x(3, 3), i.x(3, 3)], add, shared


def recorded_attention(i):
    """Returns the arguments of DocumentAttention.recorded_gradients."""
    with torch.enable_grad():
        q, k, v = (i.x(3, 3).requires_grad_(True) for _ in "qkv")
        y = torch.tanh(q @ k) @ v
    return y, q, k, v, i.x(3, 3)


INPUTS = {
    "Tensors.copy": lambda i: [(i.x(3, 4), i.x(3, 4))],
    "Tensors.copy_later": lambda i: [(i.x(3, 4), i.x(3, 4))],
    "Tensors.copy_all": lambda i: [([i.x(3, 4).to(torch.bfloat16), i.x(2)], [i.x(3, 4), i.x(2)])],
    "Tensors.copy_stretches": lambda i: [
        (i.x(12).to(dtype), [1, 6], i.x(9), [0, 4], [3, 5]) for dtype in (torch.float32, torch.bfloat16)
    ],
    "Tensors.zero": lambda i: [(i.x(3, 4),)],
    "Tensors.add_scaled_rows": lambda i: [(i.x(4), i.x(3, 4), i.x(3))],
    "Tensors.row_norms": lambda i: [([i.x(3, 4), i.x(3, 5)],)],
    "Tensors.unit_norms": lambda i: [([i.x(3, 4), i.x(5), i.x(8)], 4)],
    "Tensors.placeholder": lambda i: [(i.x(1), [3, 4])],
    "Tensors.view_like": lambda i: [(i.x(12), i.x(3, 4))],
    "Tensors.stretch": lambda i: [(i.x(3, 4), 2, 11)],
    "Tensors.byte_stretch": lambda i: [(i.x(3, 4), 5, 11), (i.x(3, 4).to(torch.bfloat16)[1:], 3, 16)],
    "Tensors.f32": lambda i: [(i.x(3, 4),), (i.x(3, 4).to(torch.bfloat16),)],
    "Tensors.empty_bf16": lambda i: [([0, 4], i.x(1))],
    "Tensors.over_bytes": lambda i: [
        (i.ids(256, 24).to(torch.uint8), [3, 4], True),
        (i.ids(256, 48).to(torch.uint8), [3, 4], False),
    ],
    "Tensors.file_values": lambda i: [(__file__, 8, bf16) for bf16 in (False, True)],
    "Tensors.part": lambda i: [(i.x(30).to(dtype), 5, [3, 4], i.x(1)) for dtype in (torch.float32, torch.bfloat16)],
    "Tensors.views_like": lambda i: [(i.x(*size), [i.x(3, 4), i.x(6)]) for size in ((18,), (2, 18))],
    "Tensors.each_select": lambda i: [([i.x(3, 4, 2), i.x(3, 5)], 1)],
    "Rows.lookup": lambda i: [
        (i.x(VOCABULARY, HIDDEN).to(dtype), i.ids(VOCABULARY, 2, 5)) for dtype in (torch.float32, torch.bfloat16)
    ],
    "Rows.select_rows": lambda i: [(i.x(5, 2, 3), i.ids(5, 3))],
    "Rows.row_range": lambda i: [(i.x(5, 2, 3), 1, 3)],
    "Rows.add_rows": lambda i: [(i.x(5, HIDDEN), i.ids(5, 6), i.x(2, 3, HIDDEN))],
    "Rows.set_rows": lambda i: [(i.x(9, HIDDEN), torch.tensor([7, 1], device=i.device), i.x(2, HIDDEN))],
    "Rows.row_values": lambda i: [(torch.tensor([1, 4], device=i.device), HIDDEN, HIDDEN + 3, 3, 2 * HIDDEN)],
    "Rows.add_row_values": lambda i: [
        (i.x(4 * HIDDEN), HIDDEN + 3, torch.tensor([1, 4], device=i.device), i.x(2, HIDDEN), 3, 2 * HIDDEN)
    ],
    "Rows.take_row_values": lambda i: [
        (i.x(2, HIDDEN), i.x(4 * HIDDEN), HIDDEN + 3, torch.tensor([1, 4], device=i.device), 3, 2 * HIDDEN)
    ],
    "Rows.scale_rows": lambda i: [(i.x(5, HIDDEN), i.x(5))],
    "Rows.add_to_rows": lambda i: [(i.x(9, HIDDEN), torch.tensor([7, 1], device=i.device), i.x(2, HIDDEN), 0.5)],
    "Rows.summed_rows": lambda i: [(i.x(5, HIDDEN), torch.tensor([1, 0, 2, 1, 2], device=i.device), 2)],
    "Rows.add_square_of": lambda i: [(i.x(3).to(torch.float64), 1, i.x(2, HIDDEN))],
    "Autograd.leaf": lambda i: [(i.x(3),)],
    "Autograd.backward": lambda i: [recorded(i, add, n) for add in (False, True) for n in (0, 1, 2)],
    "Matmul.pad_rows": lambda i: [(i.x(9, 3),)],
    "Matmul.casts": lambda i: [()],
    "Matmul.cast": lambda i: [(i.x(2, 3),)],
    "Matmul.cast_product": lambda i: [(i.x(2, 3), i.x(3))],
    "Matmul.empty_cast": lambda i: [(i.x(0, 3),)],
    "WeightGradients.put": lambda i: [({"a": i.x(3)}, name, i.x(3), add) for name in "ab" for add in (False, True)],
    "WeightGradients.put_sum": lambda i: [
        (gradients, name, i.x(N, 3), add)
        for gradients in ({"a": i.x(3)}, {"a": i.x(3), **i.sample_squares()})
        for name in "ab"
        for add in (False, True)
    ],
    "WeightGradients.put_product": lambda i: [
        (gradients, name, i.x(N, 3), i.x(N, 4), add)
        for gradients in (
            {"a": i.x(3, 4)},
            {"a": i.x(2, 3, 4), "sample_rows": torch.tensor([5, 3])},
            {"a": i.x(3, 4), **i.sample_squares()},
        )
        for name in "ab"
        for add in (False, True)
    ],
    "WeightGradients.put_sample_products": lambda i: [
        ({"a": i.x(2, 3, 4), "sample_rows": torch.tensor([5, 3])}, "a", i.x(9, 3), i.x(9, 4), add)
        for add in (False, True)
    ],
    "WeightGradients.add_squares_of_sums": lambda i: [(i.sample_squares(), i.x(N, 3))],
    "WeightGradients.add_squares_of_products": lambda i: [
        (i.sample_squares(), i.x(N, out), i.x(N, 9)) for out in (3, 30)
    ],
    "WeightGradients.add_square": lambda i: [(i.sample_squares(), 1, i.x(3, 4))],
    "DropoutMasks.mix_shifted": lambda i: [(i.long(3, 4), i.long(3, 4), 30, 0x3FFFFFFFF)],
    "DropoutMasks.mix": lambda i: [(i.long(3, 4),)],
    "DropoutMasks.row_keys": lambda i: [(i.long(3, N), [5, -7])],
    "DropoutMasks.dropout_mask": lambda i: [(i.long(N), -9223231297218904064, width) for width in (16, 13)],
    "DropoutMasks.dropout_masks": lambda i: [
        ([i.long(3, N)], [5, -7], [-9, 9], [16, 13], False),
        ([i.long(3, 10), i.long(3, 9)], [5, -7], [-9, 9], [5, 9, 5, 9], True),
    ],
    "Lora.has_adapter": lambda i: [(w, "a") for w, _ in i.linears()],
    "Lora.lora_input": lambda i: [
        (i.x(N, HIDDEN), i.linear("a", WIDE, HIDDEN, "lora"), m, "a") for m in ({}, {"a": i.mask(N, HIDDEN)})
    ],
    "Lora.lora_inner": lambda i: [(i.x(N, HIDDEN), i.linear("a", WIDE, HIDDEN, "lora"), "a")],
    "Lora.lora_output": lambda i: [
        (i.x(N, HIDDEN), i.x(N, WIDE), w["a.weight"], w, m, "a") for w, m in i.linears() if "a.lora_A" in w
    ],
    "Lora.lora_backward": lambda i: (
        [
            (i.x(N, WIDE), i.x(N, HIDDEN), w, m, i.gradients(w), "a", add, needs_input_grad)
            for w, m in i.linears()
            if "a.lora_A" in w
            for add, needs_input_grad in [(False, True), (True, False)]
        ]
        + [
            (i.x(N, WIDE), i.x(N, HIDDEN), w, {}, i.sample_gradients(w), "a", add, True)
            for w in [i.linear("a", WIDE, HIDDEN, "lora")]
            for add in (False, True)
        ]
        + [
            (i.x(N, WIDE), i.x(N, HIDDEN), w, m, {**i.gradients(w), **i.sample_squares()}, "a", True, True)
            for w, m in i.linears()
            if "a.lora_A" in w
        ]
    ),
    "Lora.cast_a": lambda i: [(i.linear("a", WIDE, HIDDEN, "lora"), "a"), ({"a.cast_A": i.x(RANK, HIDDEN)}, "a")],
    "Lora.scaled_b": lambda i: [(i.linear("a", WIDE, HIDDEN, "lora"), "a"), ({"a.scaled_B": i.x(WIDE, RANK)}, "a")],
    "Lora.cast_adapters": lambda i: [
        ([i.x(RANK, HIDDEN)], [i.x(WIDE, RANK)], [i.scalar(2.0)], *([i.x(*size)] for size in sizes))
        for sizes in [[(RANK, HIDDEN), (WIDE, RANK)]]
    ],
    "Lora.inner_backward": lambda i: [
        (i.x(N, WIDE), i.x(N, HIDDEN), w["a.lora_A"], w, m, gradients, "a", add)
        for w in [i.linear("a", WIDE, HIDDEN, "lora")]
        for m in ({}, {"a": i.mask(N, HIDDEN)})
        for gradients in ({}, i.gradients(w), i.sample_gradients(w))
        for add in (False, True)
    ],
    "Lora.row_squares": lambda i: [(i.x(3, 4), conv1d) for conv1d in (False, True)],
    "Lora.rows_of": lambda i: [(i.x(3, 4), conv1d) for conv1d in (False, True)],
    "Lora.dora_norm": lambda i: [
        (
            i.x(WIDE).abs() * 99,
            w["a.weight"].t() if c else w["a.weight"],
            c,
            w["a.lora_A"],
            w["a.lora_B"],
            w["a.scaling"],
        )
        for w in [i.linear("a", WIDE, HIDDEN, "lora")]
        for c in (False, True)
    ],
    "Linear.recorded": lambda i: [(i.x(N, HIDDEN), w["a.weight"], w, m, "a") for w, m in i.linears()],
    "Linear.linear": lambda i: [(i.x(N, HIDDEN), w, m, "a") for w, m in i.linears()],
    "Linear.conv1d": lambda i: [(i.x(N, HIDDEN), i.linear("a", WIDE, HIDDEN, "lora bias", True), {}, "a")],
    "Linear.without_graph": lambda i: [
        (i.x(n, HIDDEN), i.x(WIDE, HIDDEN), bias) for n in (1, 4, 5) for bias in (None, i.x(WIDE))
    ],
    "Linear.dense": lambda i: [(i.x(N, HIDDEN), w, m, "a") for w, m in i.linears()],
    "Linear.cast_dense": lambda i: [(i.x(n, HIDDEN), w, {}, "a") for n in (4, 5) for w, _ in i.linears()],
    "Linear.has_linear": lambda i: [({name: i.x(1)}, "a") for name in ("a.weight", "a.packed", "b.weight")],
    "Linear.packed_dense": lambda i: [
        (i.x(N, HIDDEN), i.linear("a", HIDDEN, HIDDEN, "lora") | w, {}, "a") for w in i.packed_linear(HIDDEN, HIDDEN)
    ],
    "Linear.add_adapter": lambda i: [
        (i.x(N, WIDE), i.x(N, HIDDEN), i.linear("a", WIDE, HIDDEN, kind), {}, "a") for kind in ("", "lora")
    ],
    "Linear.add_low_rank": lambda i: [
        (i.x(40, WIDE), i.x(40, HIDDEN), i.linear("a", WIDE, HIDDEN, "lora"), "a") for _ in range(i.backend is None)
    ],
    "Linear.joined_part": lambda i: [
        (i.x(N, WIDE), i.x(N, HIDDEN), i.linear("a", WIDE, HIDDEN, kind), {}, "a") for kind in ("", "lora bias")
    ],
    "Linear.reads": lambda i: [({"a.bias": i.x(1)}, "a"), ({"a.weight": i.x(1)}, "a"), ({"a.lora_A": i.x(1)}, "a")],
    "Linear.linear_backward": lambda i: [
        (i.x(N, WIDE), i.x(N, HIDDEN), w, m, i.gradients(w), "a", add, residual, needs_input_grad)
        for w, m in i.linears()
        for add, residual, needs_input_grad in [
            (False, None, True),
            (True, i.x(N, HIDDEN), True),
            (True, i.x(N, HIDDEN), False),
        ]
    ],
    "Linear.cast_backward": lambda i: [
        (i.x(N, WIDE), i.x(N, HIDDEN), w, m, i.gradients(w), "a", add, None, needs_input_grad)
        for w, m in i.linears()
        for add, needs_input_grad in [(False, True), (True, False)]
    ],
    "Activation.activation": lambda i: [(i.x(3, 4), act) for act in ACTIVATIONS],
    "Activation.activation_backward": lambda i: [(i.x(3, 4), i.x(3, 4), act) for act in ACTIVATIONS],
    "Dropout.dropped": lambda i: [(i.x(3, 4), {"a": i.mask(3, 4)}, site, 1.25) for site in "ab"],
    "Dropout.masks_at": lambda i: [({"a": i.mask(5, 4)}, i.ids(5, 3))],
    "Dropout.add_dropped": lambda i: [(i.x(3, 4), i.x(3, 4), {"a": i.mask(3, 4)}, site, 1.25) for site in "ab"],
    "Dropout.dropped_backward": lambda i: [(i.x(3, 4), {"a": i.mask(3, 4)}, site, 1.25) for site in "ab"],
    "LayerNorm.layer_norm": lambda i: [(i.x(N, HIDDEN), i.norm("a", HIDDEN), "a")],
    "LayerNorm.normed": lambda i: [(i.x(N, HIDDEN), w, "a") for w in (i.norm("a", HIDDEN), {"a.weight": i.x(HIDDEN)})],
    "LayerNorm.layer_norm_backward": lambda i: [
        (i.x(N, HIDDEN), i.x(N, HIDDEN), i.x(N, 1), i.x(N, 1), w, gradients, "a", add)
        for w in [i.norm("a", HIDDEN), {"a.weight": i.x(HIDDEN)}]
        for add in (False, True)
        for gradients in (i.gradients(w), {**i.gradients(w), **i.sample_squares()})
    ],
    "RmsNorm.inverse_rms": lambda i: [(i.x(N, HIDDEN),)],
    "RmsNorm.rms_norm": lambda i: [(i.x(N, HIDDEN), i.x(N, 1), i.x(HIDDEN))],
    "RmsNorm.rms_norm_backward": lambda i: [
        (i.x(N, HIDDEN), i.x(N, HIDDEN), i.x(N, 1), {"a.weight": i.x(HIDDEN)}, g, "a", add)
        for g, add in [({}, False), ({"a.weight": i.x(HIDDEN)}, False), ({"a.weight": i.x(HIDDEN)}, True)]
    ],
    "RmsNorm.norm_scales": lambda i: [(i.x(HIDDEN),)],
    "RmsNorm.head_norm": lambda i: [
        (i.x(N, HIDDEN), {"a.weight": i.x(width)}, name) for width in (WIDTH, HIDDEN) for name in "ab"
    ],
    "RmsNorm.head_norm_backward": lambda i: [
        (i.x(N, HIDDEN), i.x(N, HIDDEN), {"a.weight": i.x(width)}, {"a.weight": i.x(width)}, "a", True)
        for width in (WIDTH, HIDDEN)
    ],
    "Residual.norm_kept": lambda i: [
        (i.x(N, HIDDEN), {"a.weight": i.x(HIDDEN)}, name, behind) for name in "ab" for behind in (False, True)
    ],
    "Residual.plus": lambda i: [
        (i.x(N, HIDDEN).to(dtype), i.x(N, HIDDEN)) for dtype in (torch.float32, torch.bfloat16)
    ],
    "Residual.norm_input": lambda i: [(i.x(N, HIDDEN).to(torch.bfloat16), i.norm("a", HIDDEN), name) for name in "ab"],
    "Residual.normed": lambda i: [
        (i.x(N, HIDDEN), {"a.weight": i.x(HIDDEN)}, {"a.rms": i.x(N, 1)}, name) for name in "ab"
    ],
    "Residual.normed_backward": lambda i: [
        (i.x(N, HIDDEN), i.x(N, HIDDEN), {"a.rms": i.x(N, 1)}, {"a.weight": i.x(HIDDEN)}, {}, name, False)
        for name in "ab"
    ],
    "Residual.added": lambda i: [
        (i.x(N, HIDDEN), i.x(N, HIDDEN), {"a.weight": i.x(HIDDEN)}, {"a.rms": i.x(N, 1)}, name) for name in "ab"
    ],
    "Residual.added_backward": lambda i: [
        (i.x(N, HIDDEN), {"a.rms": i.x(N, 1), "a.input": i.x(N, HIDDEN)}, {"a.weight": i.x(HIDDEN)}, {}, name, False)
        for name in "ab"
    ],
    "Rope.periods": lambda i: [(WIDTH, 1e4, i.x(1))],
    "Rope.rotations": lambda i: [(i.ids(9, N), i.x(WIDTH // 2), factor) for factor in (1.0, 1.2)],
    "Rope.rotated": lambda i: [
        (i.x(N, HIDDEN), HEADS, batch, sign) for batch in (i.packed(), i.packed(WIDTH - 2), {}) for sign in (1, -1)
    ],
    "Rope.rotate_into": lambda i: [
        (i.x(N, 2 * HIDDEN)[:, HIDDEN:], i.x(N, HIDDEN), HEADS, batch, sign)
        for batch in (i.packed(), i.packed(WIDTH - 2))
        for sign in (1, -1)
    ],
    "CrossEntropy.cross_entropy": lambda i: [(i.x(5, 3), torch.tensor([0, 2, -100, 1, 1], device=i.device), 0.5)],
    "CrossEntropy.weighted_cross_entropy": lambda i: [
        (i.x(5, 3), torch.tensor([0, 2, -100, 1, 1], device=i.device), i.x(3).abs(), 0.5)
    ],
    "CrossEntropy.row_cross_entropy": lambda i: [
        (i.x(5, 3), torch.tensor([0, 2, -100, 1, 1], device=i.device), i.x(5).abs(), 0.5)
    ],
    "BinaryCrossEntropy.binary_cross_entropy": lambda i: [(i.x(5, 3), i.ids(2, 5, 3).float(), i.x(3).abs(), 0.5)],
    "MeanSquaredError.squared_error": lambda i: [(i.x(5, 1), i.x(5, 1), 0.5)],
    "RewardLoss.reward_loss": lambda i: [(i.x(6, 1), i.x(3, 1), 0.5)],
    "EmbeddingLoss.units": lambda i: [(i.x(7, HIDDEN), WIDTH)],
    "EmbeddingLoss.similarities": lambda i: [
        (i.x(3, WIDTH), i.x(4, WIDTH), *related_texts(i)[4:], first) for first in (0, 1)
    ],
    "EmbeddingLoss.ranking": lambda i: [related_texts(i)],
    "EmbeddingLoss.ranking_gradient": lambda i: [
        (*related_texts(i), i.x(3, 2).abs() + 20, own, 0.5) for own in ([0, 7, 0, 3, 0, 4], [2, 5, 1, 2, 1, 3])
    ],
    "EmbeddingLoss.off": lambda i: [(i.x(3, 4), i.x(3).abs(), i.ids(4, 3), first) for first in (0, 1)],
    "EmbeddingLoss.by_texts": lambda i: [(i.x(7, HIDDEN), i.x(7, WIDTH), WIDTH)],
    "EmbeddingLoss.cosines": lambda i: [(i.x(6, HIDDEN), [HIDDEN, WIDTH])],
    "EmbeddingLoss.cosines_gradient": lambda i: [(i.x(6, HIDDEN), [HIDDEN, WIDTH], i.x(3, 2).double())],
    "RerankingLoss.by_list": lambda i: [(i.x(5, 1), *lists(i)[2:])],
    "RerankingLoss.of_documents": lambda i: [(i.x(2, 3), lists(i)[2])],
    "RerankingLoss.absolute": lambda i: [(i.x(4),)],
    "RerankingLoss.list_net": lambda i: [(*lists(i), 0.5)],
    "RerankingLoss.lambda_loss": lambda i: [(*lists(i), 0.5)],
    "AnswerLoss.answer_loss": lambda i: [
        (
            i.x(11, 2),
            torch.tensor([[0, 1, 2, 3, 4], [5, 6, 5, 5, 5], [7, 8, 9, 10, 7]], device=i.device),
            torch.tensor([5, 2, 4], device=i.device),
            torch.tensor([[1, 3], [0, 0], [2, -100]], device=i.device),
            0.5,
            0.25,
        )
    ],
    "DocumentLikelihood.is_other": lambda i: [(token_documents(i)[1], 4)],
    "DocumentLikelihood.log_probs": lambda i: [(*token_documents(i), 4)],
    "DocumentLikelihood.weighted_tokens": lambda i: [
        (i.x(2).double(), i.x(4).double(), token_documents(i)[1], 0.5),
    ],
    "Softplus.softplus": lambda i: [(i.x(4).double() * 100,)],
    "PairLoss.preference": lambda i: [(i.x(3, 2).double().abs().neg(), i.ids(9, 3, 2).add(1))],
    "PairLoss.opposed": lambda i: [(i.x(3).double(),)],
    "PairLoss.logistic": lambda i: [(i.x(3).double(),)],
    "PairLoss.odds_ratio": lambda i: [(i.x(3, 2).double().abs().neg(), i.ids(9, 3, 2).add(1))],
    "PairLoss.pair_loss": lambda i: [(*token_documents(i), i.x(2, 2).double(), 0.5)],
    "RatedLoss.rated_loss": lambda i: [
        (*token_documents(i), torch.stack([i.x(4), i.x(4).sign()], 1).double(), 0.25, 0.5)
    ],
    "LogitCap.capped_logits": lambda i: [(i.x(9, VOCABULARY),)],
    "VocabularyLoss.memory": lambda i: [(n, i.x(0, 3)) for n in (0, 3, 9)],
    "VocabularyLoss.spans": lambda i: [(n, 4) for n in (0, 4, 9)],
    "VocabularyLoss.parts": lambda i: [(i.x(n, VOCABULARY),) for n in (0, 3, 4)],
    "VocabularyLoss.logits": lambda i: [(i.x(4, VOCABULARY), i.lm_head(bias)) for bias in (False, True)],
    "VocabularyLoss.vocabulary_loss": lambda i: [
        (i.x(n, HIDDEN), w, i.ids(VOCABULARY, n), 0.5, g, add)
        for n in (0, 9)
        for w in (i.lm_head(False), i.lm_head(True))
        for g in ({}, i.gradients(w))
        for add in (False, True)
    ],
    "VocabularyLoss.target_log_probs": lambda i: [
        (i.x(9, HIDDEN), i.ids(VOCABULARY, m), w["lm_head.weight"], i.x(16, VOCABULARY).to(torch.bfloat16), w)
        for m in (9, 7)
        for w in (i.lm_head(False), i.lm_head(True))
    ],
    "VocabularyLoss.put_projection": lambda i: [
        (gradients, {"lm_head.row_ids": i.ids(VOCABULARY, 3)}, i.x(9, VOCABULARY), i.x(9, HIDDEN), 0.5, add)
        for gradients in (i.gradients(i.lm_head(True)), {"lm_head.rows": i.x(3, HIDDEN)})
        for add in (False, True)
    ],
    "VocabularyLoss.token_gradients": lambda i: [
        (i.x(9, HIDDEN), i.lm_head(bias), i.ids(VOCABULARY, 9)) for bias in (False, True)
    ],
    "VocabularyLoss.weighted_gradients": lambda i: [
        (i.x(9, HIDDEN), w, i.ids(VOCABULARY, 9), i.x(9), i.gradients(w), add)
        for w in (i.lm_head(False), i.lm_head(True))
        for add in (False, True)
    ],
    "VocabularyLoss.weighted": lambda i: [(i.x(9, HIDDEN), i.x(9))],
    "VocabularyLoss.token_losses": lambda i: [
        (i.x(9, HIDDEN), i.lm_head(bias), i.ids(VOCABULARY, 9)) for bias in (False, True)
    ],
    "VocabularyLoss.likeliest": lambda i: [(i.x(9, HIDDEN), i.lm_head(True), 3)],
    "Distillation.at_temperature": lambda i: [(i.x(9, VOCABULARY),)],
    "Distillation.divergence": lambda i: [(i.x(9, 4).softmax(-1), i.x(9, 4).log_softmax(-1))],
    "DistillationLoss.distilled": lambda i: [
        (i.x(9, VOCABULARY), i.ids(VOCABULARY, 9, 1), *token_classes(i, 9)),
    ],
    "DistillationLoss.distilled_losses": lambda i: [
        (
            i.x(9, HIDDEN),
            i.ids(VOCABULARY, m),
            *token_classes(i, m),
            w["lm_head.weight"],
            i.x(16, VOCABULARY).to(torch.bfloat16),
            w,
        )
        for m in (9, 7)
        for w in (i.lm_head(False), i.lm_head(True))
    ],
    "DistillationLoss.distillation_loss": lambda i: [
        (i.x(n, HIDDEN), w, i.ids(VOCABULARY, n), *token_classes(i, n), 0.5, g, add)
        for n in (0, 9)
        for w in (i.lm_head(False), i.lm_head(True))
        for g in ({}, i.gradients(w))
        for add in (False, True)
    ],
    "DistillationLoss.drawn": lambda i: [
        (i.x(9, VOCABULARY).double().softmax(-1), offsets(i, 9, 1), count) for count in (3, VOCABULARY)
    ],
    "DistillationLoss.classes": lambda i: [(i.x(9, HIDDEN), i.lm_head(True), offsets(i, 9), 3, VOCABULARY - 1)],
    "SoftLabelLoss.soft_label_loss": lambda i: [
        (i.x(4, 3), i.x(4, 3), torch.tensor([0, -100, 2, 1], device=i.device), i.x(3).abs(), 0.5, 0.25)
    ],
    "AdamW.adamw": lambda i: [
        (
            [i.x(3, 4), i.x(5)],
            [i.x(3, 4), i.x(5)],
            [i.x(3, 4), i.x(5)],
            [i.x(3, 4).abs(), i.x(5).abs()],
            i.scalar(2.0),
            i.scalar(1.5),
            1e-3,
            0.01,
        )
    ],
    "AdamW.adamw_rows": lambda i: [
        (
            i.x(n),
            begin,
            torch.tensor(ids, dtype=torch.int64, device=i.device),
            i.x(len(ids), 4),
            ends,
            i.x(2, 4).zero_(),
            i.x(n),
            i.x(n).abs(),
            i.scalar(2.0),
            i.scalar(1.5),
            1e-3,
            0.01,
        )
        for n, begin, ids, ends in (
            (20, 0, [1, 4], [0, 1, 1, 2]),
            (12, 6, [1, 2, 3, 4], [0, 1, 3, 4]),
            (8, 0, [], [0, 0]),
        )
    ],
    "AdamW8bit.adamw_8bit": lambda i: [
        (
            i.x(2, 9),
            i.x(2, 9),
            [i.codes(18), i.codes(18)],
            [i.x(5).abs(), i.x(5).abs()],
            [i.x(256), i.x(256)],
            [i.x(256).sort()[0], i.x(256).sort()[0]],
            [i.codes(65536), i.codes(65536)],
            scratch,
            0.1,
            0.001,
            2.0,
            0.01,
            0.1,
        )
        for scratch in ([], numbers_and_bits(i, 8))
    ],
    "AdamW8bit.widened": lambda i: [(i.codes(8), i.x(2), i.x(256))],
    "AdamW8bit.narrow": lambda i: [
        (i.x(2, 4), i.x(256).sort()[0], i.codes(65536), scratch, i.codes(8), i.x(2))
        for scratch in ([], numbers_and_bits(i, 8))
    ],
    "Nf4.widen": lambda i: [
        (
            torch.arange(n // 2 + n % 2, dtype=torch.uint8, device=i.device),
            i.x((n + 63) // 64),
            i.x(256, 2),
            i.x(n).to(dtype),
        )
        for n in (128, 77)
        for dtype in (torch.float32, torch.bfloat16)
    ],
    "L2SpPenalty.pull": lambda i: [(i.x(3, 4), i.x(3, 4), 0.25)],
    "LowRank.factors": lambda i: [(i.x(6, 4), i.x(4).abs(), i.x(4, 5), 3)],
    "LowRank.low_rank": lambda i: [(i.x(6, 5), 3), (i.x(5, 6), 3)],
    "LowRank.low_rank_by_iteration": lambda i: [(i.x(6, 5), i.x(5, 3), 2), (i.x(5, 6), i.x(6, 3), 2)],
    "Matmul.product": lambda i: [(i.x(9, 4), i.x(6, 4))],
}
for backend in ("Matmul", "OneDnnMatmul", "Bf16Matmul"):
    INPUTS |= {
        backend + ".affine": lambda i: [
            (i.x(2, 3, n), i.x(m, n), bias) for n, m in [(4, 6), (6, 4)] for bias in (None, i.x(m))
        ],
        backend + ".times": lambda i: [(i.x(9, 6), i.x(6, 4)), (i.x(40, 32770), i.x(32770, 4))],
        backend + ".is_few": lambda i: [(i.x(n, 2),) for n in (4, 5, 32, 33)] + [(i.x(1, 2, 3),)],
        backend + ".few_rows": lambda i: [(i.x(n, HIDDEN), i.x(WIDE, HIDDEN)) for n in (1, 3, 5)],
    }
for backend in ("Matmul", "Bf16Matmul"):
    INPUTS |= {
        backend + ".biased_product": lambda i: [
            (i.x(rows, 4), i.x(6, 4), bias) for rows in (1, 9, 40) for bias in (None, i.x(6))
        ],
        backend + ".product_memory": lambda i: [(16, i.x(0, 4))],
        backend + ".product_into": lambda i: [(i.x(48, 6).to(torch.bfloat16), i.x(n, 4), i.x(6, 4)) for n in (9, 40)],
        backend + ".product_times": lambda i: [(i.x(9, 6), i.x(6, 4))],
        backend + ".outer": lambda i: [
            (i.x(n, 4), i.x(9, n), i.x(9, 4), add) for n in (6, 4100) for add in (False, True)
        ],
        backend + ".add_times": lambda i: [(i.x(9, 4), i.x(9, 6), i.x(6, 4))],
        backend + ".product_weight": lambda i: [(i.x(6, 4),)],
        backend + ".recorded_product": lambda i: [(i.x(9, 4), i.x(6, 4))],
    }
INPUTS |= {
    "Matmul.turned_product": lambda i: [(i.x(5, HIDDEN), i.x(WIDE, HIDDEN))],
    "Matmul.pack": lambda i: [(i.x(4, 6),)],
    "Matmul.packed_input": lambda i: [(i.x(9, 4), {}, "a")],
    "Matmul.packed_product": lambda i: [([i.x(9, 4)], {}, "a", "")],
    "PackedBf16.bf16_pack": lambda i: [] if i.device != "cpu" else [(i.x(4, 6),)],
    "PackedBf16.bf16_packed_product": lambda i: (
        [] if i.device != "cpu" else [(i.x(9, 4).to(torch.bfloat16), i.packed_weight(6, 4), "a", "none")]
    ),
    "PackedBf16.pack": lambda i: [] if i.device != "cpu" else [(i.x(4, 6),)],
    "PackedBf16.packed_input": lambda i: [(i.x(9, 4), {}, "a")],
    "PackedBf16.packed_product": lambda i: (
        []
        if i.device != "cpu"
        else [([i.x(9, 4).to(torch.bfloat16)], i.packed_weight(6, 4), "a", gelu) for gelu in ("", "none", "tanh")]
    ),
    "Int8Weights.int8_weight": lambda i: [(i.x(6, 4),)],
    "Int8Codes.int8_codes": lambda i: [(i.x(6, 4),)],
    "Int8Weights.int8_product": lambda i: (
        [] if i.device != "cpu" else [(i.x(n, 32), i.narrow(16, 32), i.x(16)) for n in (2, 9)]
    ),
    "Int8Codes.biased": lambda i: [
        (i.x(9, 4), w, "a", gelu) for w in ({}, {"a.bias": i.x(4)}) for gelu in ("", "none", "tanh")
    ],
    "Int8Weights.pack": lambda i: [(i.x(6, 4),)],
    "Int8Weights.packed_input": lambda i: [(i.x(9, 4), {}, "a")],
    "Int8Weights.packed_product": lambda i: (
        []
        if i.device != "cpu"
        else [([i.x(3, 32)], {"a.packed": i.narrow(16, 32), "a.packed_scale": i.x(16), "a.bias": i.x(16)}, "a", "")]
    ),
    "Int4Weights.group_size": lambda i: [()],
    "Int4Weights.pack": lambda i: [] if i.device != "cpu" else [(i.x(16, 64),), (i.x(16, 40),), (i.x(6, 32),)],
    "Int4Weights.packed_product": lambda i: (
        []
        if i.device != "cpu"
        else [
            ([i.x(3, 64)], {"a.packed": codes, "a.packed_scale": scales}, "a", "")
            for codes, scales in ((i.four_bits(16, 64), i.x(2, 16, 2)), (i.narrow(16, 64), i.x(16)))
        ]
    ),
    "Int8Products.pack": lambda i: [] if i.device != "cpu" else [(i.x(6, 4),)],
    "Int8Products.packed_input": lambda i: [(i.x(9, 4), w, "a") for w in ({}, {"a.packed_scale": i.x(6)})],
    "Int8Products.packed_product": lambda i: (
        []
        if i.device != "cpu"
        else [
            ([i.ids(256, 9, 4).sub(128).to(torch.int8), i.x(9, 1)], i.packed_codes(6, 4), "a", gelu)
            for gelu in ("", "none", "tanh")
        ]
    ),
    "Bf16Matmul.bf16_product": lambda i: [(i.x(9, 4), i.x(6, 4))],
    "Bf16Matmul.pad_rows": lambda i: [(x,) for x in (i.x(0, 3), i.x(9, 3), i.x(16, 3), i.ids(5, 9))],
    "Bf16Matmul.casts": lambda i: [()],
    "Bf16Matmul.cast": lambda i: [(i.x(2, 3),)],
    "Bf16Matmul.cast_product": lambda i: [(i.x(2, 3), i.x(3))],
    "Bf16Matmul.empty_cast": lambda i: [(i.x(0, 3),)],
}

NO_WINDOW = (-1, -1)
DOCUMENT_CALLS = [(0, 2, 5), (10, 1, 1), (11, 1, 9)]
INPUTS |= {
    "Attention.padded": lambda i: [(i.x(N, HIDDEN), batch) for batch in (i.padded(), {})],
    "Attention.unpadded": lambda i: [(i.x(sum(PADDED), HIDDEN), batch) for batch in (i.padded(), {})],
    "Attention.unpadded_backward": lambda i: [(i.x(N, HIDDEN), batch) for batch in (i.padded(), {})],
    "Attention.relative_bias": lambda i: [({}, TOKENS)],
    "Attention.relative_bias_backward": lambda i: [(i.x(HEADS, TOKENS, TOKENS), {})],
    "Attention.padding_bias": lambda i: [(i.padded(), 8, 2, 8)],
    "Attention.bias": lambda i: [(w, batch, (8, 2, 8)) for w, batch, _, _ in i.encoders()],
    "Attention.kept_probs": lambda i: [(i.layer_masks(PADDED), 64 * HEADS, 2, 8)],
    "Attention.heads": lambda i: [(i.x(sum(PADDED), HIDDEN), (8, 2, 8))],
    "Attention.attention": lambda i: [(*(i.x(N, HIDDEN) for _ in "qkv"), *call) for call in i.encoders()],
    "Attention.by_head": lambda i: [(i.x(sum(PADDED), HIDDEN), PADDED)],
    "Attention.by_token": lambda i: [(i.x(sum(PADDED), HIDDEN), PADDED)],
    "Attention.scores": lambda i: [(PADDED,)],
    "Attention.parts": lambda i: [
        (i.x(n * 9, HIDDEN).to(kind), [n] * 9) for n in (TOKENS, 256, 400) for kind in (torch.float32, torch.bfloat16)
    ],
    "Attention.matrices": lambda i: [(i.x(sum(PADDED), HIDDEN), (8, 0, 2, 8))],
    "Attention.score_matrices": lambda i: [(i.x(HEADS * 273), (8, 64 * HEADS, 2, 8))],
    "Attention.attend": lambda i: [
        (*(i.x(sum(documents), HIDDEN).to(dtype) for _ in "qkv"), w, batch, documents, masks)
        for w, batch, documents, masks in i.encoders()
        for dtype in (torch.float32, torch.bfloat16)
    ],
    "Attention.attend_backward": lambda i: [
        (
            *(i.x(sum(documents), HIDDEN).to(dtype) for _ in "gqkv"),
            torch.cat([probabilities(i, documents) for _ in range(kept)] or [i.x(0)]).to(dtype),
            w,
            batch,
            documents,
            masks,
            i.gradients(w),
        )
        for w, batch, documents, masks in i.encoders()
        for dtype in (torch.float32, torch.bfloat16)
        for kept in (0, 1)
    ],
    "Attention.fill_probabilities": lambda i: [
        (i.x(2 * HEADS, 8, 8), i.x(*size), i.x(*size), batch, relative, (8, 64 * HEADS, 2, 8))
        for size in [(sum(PADDED), HIDDEN)]
        for batch in ({}, i.padded())
        for relative in (None, i.x(HEADS, 8, 8))
    ],
    "Attention.part_memory": lambda i: [(i.x(HEADS * 273), (8, 64 * HEADS, 2, 8), i.x(1))],
    "EncoderLayer.layer": lambda i: [(i.x(N, HIDDEN), *call) for call in i.encoders()],
    "EncoderLayer.output": lambda i: [(i.x(N, HIDDEN), w, m, "attention_output") for w, _, _, m in i.encoders()],
    "EncoderLayer.intermediate": lambda i: [(i.x(N, HIDDEN), w, m) for w, _, _, m in i.encoders()],
    "EncoderLayer.projected": lambda i: [(i.x(N, HIDDEN), w, m) for w, _, _, m in i.encoders()],
    "EncoderLayer.attended": lambda i: [(i.x(N, HIDDEN), *call) for call in i.encoders()],
    "EncoderLayer.residual": lambda i: [(i.x(3, 4), i.x(3, 4), {"a": i.mask(3, 4)}, site) for site in "ab"],
    "EncoderLayer.attention_input": lambda i: [
        (i.x(N, HIDDEN), w, batch, documents, {}, "query") for w, batch, documents, _ in i.encoders()
    ],
    "EncoderLayer.is_one_call": lambda i: [(i.x(N, HIDDEN), w, batch, m) for w, batch, _, m in i.encoders()],
    "EncoderLayer.attention_forward": lambda i: [(i.x(N, HIDDEN), *call) for call in i.encoders()],
    "EncoderLayer.attention_backward": lambda i: [
        (i.x(N, HIDDEN), kept_of_encoder(i, documents), w, batch, documents, masks, i.gradients(w))
        for w, batch, documents, masks in i.encoders()
    ],
    "EncoderLayer.layer_forward": lambda i: [(i.x(N, HIDDEN), *call) for call in i.encoders()],
    "EncoderLayer.layer_backward": lambda i: [
        (
            i.x(N, HIDDEN),
            kept_of_encoder(i, documents),
            w,
            batch,
            documents,
            masks,
            {**i.gradients(w), **more},
            add,
            needs_input_grad,
        )
        for w, batch, documents, masks in i.encoders()
        for add, needs_input_grad in [(False, True), (True, False)]
        for more in ({}, i.sample_squares())
    ],
    "Bert.embeddings": lambda i: [
        (
            i.x(N, HIDDEN),
            {**i.norm("norm", HIDDEN), "position.weight": i.x(TOKENS, HIDDEN), **more},
            {"positions": i.ids(TOKENS, N), "types": i.ids(2, N)},
            DOCUMENTS,
            masks,
        )
        for more, masks in [
            ({}, {}),
            ({"type.weight": i.x(2, HIDDEN)}, {"embeddings": i.mask(N, HIDDEN)}),
            (i.linear("projection", WIDE, HIDDEN, "bias"), {}),
        ]
    ],
    "Bert.sequence_head": lambda i: [
        (
            i.x(N, HIDDEN),
            i.linear("dense", HIDDEN, HIDDEN, "bias") | i.linear("classifier", 3, HIDDEN, "bias"),
            {"first": i.ids(N, TEXTS)},
            DOCUMENTS,
            masks,
        )
        for masks in [{}, {"head": i.mask(TEXTS, HIDDEN), "head_input": i.mask(TEXTS, HIDDEN)}]
    ],
    "Pooling.mean_of_texts": lambda i: [(i.x(N, HIDDEN), texts_of_rows(i)[0])],
    "Pooling.pooled": lambda i: [(i.x(N, HIDDEN), batch) for batch in texts_of_rows(i)],
    "Bert.embedding_head": lambda i: [(i.x(N, HIDDEN), {}, batch, DOCUMENTS, {}) for batch in texts_of_rows(i)],
    "Bert.token_head": lambda i: [
        (i.x(N, HIDDEN), i.linear("classifier", 3, HIDDEN, "bias"), {}, DOCUMENTS, masks)
        for masks in [{}, {"head": i.mask(N, HIDDEN)}]
    ],
    "Bert.masked_lm_head": lambda i: [
        (
            i.x(N, HIDDEN),
            {**i.norm("norm", HIDDEN), **i.linear("dense", HIDDEN, HIDDEN, kind)},
            {"indices": i.ids(N, n)},
            DOCUMENTS,
            masks,
        )
        for kind in ("bias", "lora bias")
        for n in (0, 4)
        for masks in ({}, {"dense": i.mask(N, HIDDEN)})
    ],
    "AttentionCalls.calls": lambda i: [(DOCUMENTS,), ([9, 9],)],
    "AttentionCalls.window_blocks": lambda i: [(rows, 64, (40, after)) for rows in (9, 200) for after in (0, 40)],
    "AttentionCalls.block_size": lambda i: [(n, on_cpu) for n in (300, 5000) for on_cpu in (True, False)],
    "AttentionCalls.window_bias": lambda i: [(block, (3, 2), i.x(1)) for block in ((0, 5, 0, 7), (64, 5, 32, 39))],
    "AttentionCalls.joined": lambda i: [([i.x(3, 4)],), ([i.x(3, 4), i.x(2, 4)],)],
    "AttentionCalls.matrices_at_once": lambda i: [(scores, size) for scores in (1, 65536, 1 << 21) for size in (2, 4)],
    "MatrixAttention.capped": lambda i: [(i.x(2, 9, WIDTH), i.x(2, 7, WIDTH))] * i.capped,
    "MatrixAttention.capped_probabilities": lambda i: [(i.x(2, 9, 9), bias) for bias in (None, i.x(9, 9))],
    "MatrixAttention.add_bias": lambda i: [
        (i.x(2, 2, 5, 9), bias) for bias in (None, i.x(5, 9), i.x(5, 5), i.x(2, 1, 5, 9))
    ],
    "MatrixAttention.causal_bias": lambda i: [(rows, i.x(1)) for rows in (0, 5)],
    "MatrixAttention.row_blocks": lambda i: [
        (i.x(1, 1, rows, 2), i.x(1, 1, rows, 2), bias, window)
        for rows in (1, 256, 600)
        for bias, window in [(None, NO_WINDOW), (i.x(rows, rows), NO_WINDOW), (None, (300, 0))]
    ],
    "MatrixAttention.matrix_parts": lambda i: [
        (i.x(documents, HEADS, 9, WIDTH), scores) for documents in (1, 7) for scores in (81, 65536, 1 << 20)
    ],
    "MatrixAttention.pieces": lambda i: [
        (i.x(2, HEADS, 300, WIDTH), i.x(2, HEADS, 300, WIDTH), bias, window)
        for bias, window in [(None, NO_WINDOW), (i.x(300, 300), NO_WINDOW), (None, (40, 0))]
    ],
    "MatrixAttention.part_of": lambda i: [(i.x(3, HEADS, 9, WIDTH), (1, 2, 1, 1), 2, 5)],
    "MatrixAttention.matrices_of": lambda i: [(i.x(3, HEADS, 9, WIDTH), (1, 2, 1, 1), 2, 5)],
    "MatrixAttention.block_inputs": lambda i: [(*(i.x(3, HEADS, 9, WIDTH) for _ in "qkv"), (1, 2, 1, 1), (2, 5, 1, 7))],
    "MatrixAttention.scaled_product": lambda i: [(i.x(2, 3, 4), i.x(2, 4, 5))],
    "MatrixAttention.probabilities": lambda i: [
        (i.x(4, 9, WIDTH), i.x(4, 9, WIDTH), (1, 2, 0, 2), bias) for bias in (None, i.x(9, 9), i.x(3, 1, 9, 9))
    ],
    "MatrixAttention.lengthened": lambda i: [(i.x(2, HEADS, 9, WIDTH), rows) for rows in (0, 23)],
    "MatrixAttention.hidden_rows": lambda i: [
        (i.x(2, HEADS, n, WIDTH).to(kind), bias)
        for n in (9, 32)
        for kind in (torch.float32, torch.bfloat16)
        for bias in (None, i.x(9, 9))
    ],
    "MatrixAttention.matrix_attention": lambda i: [
        (*(i.x(2, HEADS, 9, WIDTH) for _ in "qkv"), bias, window) for bias, window in i.biases_and_windows()
    ],
    "MatrixAttention.matrix_attention_backward": lambda i: [
        (*(i.x(2, HEADS, 9, WIDTH) for _ in "gqkv"), bias, window) for bias, window in i.biases_and_windows()
    ],
    "Mpnet.buckets": lambda i: [(n, i.x(1)) for n in (1, TOKENS, 300)],
    "Mpnet.relative_bias": lambda i: [({"relative.weight": i.x(32, HEADS)}, n) for n in (1, TOKENS)],
    "Mpnet.relative_bias_backward": lambda i: [
        (i.x(HEADS, n, n), {"relative.weight": i.x(32, HEADS)}) for n in (1, TOKENS)
    ],
    "DebertaV2.embeddings": lambda i: [
        (i.x(N, HIDDEN), {**i.norm("norm", HIDDEN), **more}, batch, DOCUMENTS, masks)
        for more, batch, masks in [
            ({}, {"attention_mask": i.x(N).gt(0).float()}, {"embeddings": i.mask(N, HIDDEN)}),
            (
                {"type.weight": i.x(2, HIDDEN), "position.weight": i.x(TOKENS, HIDDEN)},
                {"positions": i.ids(TOKENS, N), "types": i.ids(2, N)},
                {},
            ),
        ]
    ],
    "DebertaV2.buckets": lambda i: [(n,) for n in (1, TOKENS, 50)],
    "DebertaV2.relative_heads": lambda i: [
        (i.x(5, HIDDEN), 1, i.linear(name, HIDDEN, HIDDEN, "lora bias"), masks, "relative_key", "key")
        for name in ("key", "relative_key")
        for masks in ({}, {name + ".relative": i.mask(*i.relative)})
    ],
    "DebertaV2.heads_first": lambda i: [(i.x(sum(PADDED), HIDDEN), (8, 2, 8))],
    "DebertaV2.relative_scores": lambda i: [
        (i.x(HEADS, TEXTS, TOKENS, HIDDEN // HEADS), i.x(HEADS, HIDDEN // HEADS, 9), i.ids(9, TOKENS, TOKENS))
    ],
    "DebertaV2.relative_terms": lambda i: [
        (TOKENS, w | more, {"relative": i.mask(*i.relative)}, 0.5)
        for w, *_ in i.encoders()
        for more in (i.norm("relative_norm", HIDDEN), i.linear("relative_query", HIDDEN, HIDDEN))
    ],
    "DebertaV2.add_relative_scores": lambda i: [
        (
            i.x(HEADS, 2, n, n),
            i.x(HEADS, 2, n, WIDTH),
            i.x(HEADS, 2, n, WIDTH),
            {name: i.x(HEADS, WIDTH, i.relative[0]) for name in names},
            50,
        )
        for n in (3, TOKENS)
        for names in (["keys", "queries"], ["keys"], [])
    ],
    "DebertaV2.hidden": lambda i: [(i.padded(), (8, 2, 8))],
    "DebertaV2.attended": lambda i: [
        (i.x(N, HIDDEN), w | more, batch, documents, masks | {"relative": i.mask(*i.relative)})
        for w, batch, documents, masks in i.encoders()
        for more in (i.norm("relative_norm", HIDDEN), i.linear("relative_query", HIDDEN, HIDDEN))
    ],
    "ModernBert.embeddings": lambda i: [
        (i.x(N, HIDDEN), w, {}, DOCUMENTS, {"embeddings": i.mask(N, HIDDEN)})
        for w in (i.norm("norm", HIDDEN), {"norm.weight": i.x(HIDDEN)})
    ],
    "ModernBert.seen": lambda i: [(w, batch) for w, batch, _ in i.moderns()],
    "ModernBert.queries_keys_values": lambda i: [(i.x(N, 3 * HIDDEN), batch) for _, batch, _ in i.moderns()],
    "ModernBert.attended": lambda i: [
        (*(i.x(N, HIDDEN) for _ in "qkv"), batch, DOCUMENTS, masks, recorded)
        for _, batch, masks in i.moderns()
        for recorded in (False, True)
    ],
    "ModernBert.attended_backward": lambda i: [
        (i.x(N, HIDDEN), kept_of_modern(i, w, batch), batch, DOCUMENTS, masks) for w, batch, masks in i.moderns()
    ],
    "ModernBert.layer": lambda i: [(i.x(N, HIDDEN), w, batch, DOCUMENTS, masks) for w, batch, masks in i.moderns()],
    "ModernBert.layer_forward": lambda i: [
        (i.x(N, HIDDEN), w, batch, DOCUMENTS, masks) for w, batch, masks in i.moderns()
    ],
    "ModernBert.layer_backward": lambda i: [
        (i.x(N, HIDDEN), kept_of_modern(i, w, batch), w, batch, DOCUMENTS, masks, i.gradients(w), add, needs_input_grad)
        for w, batch, masks in i.moderns()
        for add, needs_input_grad in [(False, True), (True, False)]
    ],
    "ModernBert.feed_forward_backward": lambda i: [
        (i.x(N, HIDDEN), i.x(N, HIDDEN), kept_of_modern(i, w, {}), w, masks, i.gradients(w), False)
        for w, _, masks in i.moderns()
    ],
    "ModernBert.head": lambda i: [(i.x(N, HIDDEN), modern_head(i), {})],
    "ModernBert.sequence_head": lambda i: [
        (
            i.x(N, HIDDEN),
            modern_head(i),
            {"first": torch.tensor([0, 5, 10], device=i.device)},
            DOCUMENTS,
            {"head": i.mask(3, HIDDEN)},
        )
    ],
    "ModernBert.embedding_head": lambda i: [
        (i.x(N, HIDDEN), modern_head(i), batch, DOCUMENTS, {}) for batch in texts_of_rows(i)
    ],
    "ModernBert.token_head": lambda i: [(i.x(N, HIDDEN), modern_head(i), {}, DOCUMENTS, {"head": i.mask(N, HIDDEN)})],
    "ModernBert.classes": lambda i: [(i.x(N, HIDDEN), modern_head(i), {})],
    "ModernBert.masked_lm_head": lambda i: [
        (i.x(N, HIDDEN), modern_head(i), {"indices": i.ids(N, n)}, DOCUMENTS, {}) for n in (0, 4)
    ],
    "BandedAttention.blocks": lambda i: [(i.x(n, HIDDEN), i.band()) for n in (N, N - 3)],
    "BandedAttention.surroundings": lambda i: [(i.x(n, HIDDEN), i.band()) for n in (N, N - 3)],
    "BandedAttention.from_blocks": lambda i: [(i.x(N // 4, HEADS, 4, WIDTH), n) for n in (N, N - 3)],
    "BandedAttention.from_surroundings": lambda i: [(i.x(N // 4, HEADS, 8, WIDTH), n) for n in (N, N - 3)],
    "BandedAttention.attend_near": lambda i: [
        (*(i.x(N, HIDDEN) for _ in "qkv"), i.band(), recorded) for recorded in (False, True)
    ],
    "BandedAttention.attend_near_backward": lambda i: [
        (i.x(N, HIDDEN), kept_of_modern(i, {}, {"band": i.band()}), i.band())
    ],
    "DroppedAttention.is_fusible": lambda i: [(batch, masks) for _, batch, masks in i.moderns()] * (not i.causal),
    "DroppedAttention.bias": lambda i: [
        (i.x(N, HIDDEN), batch, 11, 9) for batch in ({}, i.packed(), i.packed() | {"bias": i.padding()})
    ],
    "DroppedAttention.dropped_attention": lambda i: [
        (*(i.x(N, HIDDEN) for _ in "qkv"), DOCUMENTS, batch, masks) for _, batch, masks in [(0, {}, {}), *i.moderns()]
    ],
    "DroppedAttention.dropped_attention_backward": lambda i: [
        (i.x(N, HIDDEN), {name: i.x(N, HIDDEN) for name in "qkv"}, DOCUMENTS, batch, masks)
        for _, batch, masks in i.moderns()
    ],
    "FlashAttention.is_flash": lambda i: [(i.x(N, HIDDEN), batch) for batch in ({}, i.packed())],
    "FlashAttention.near": lambda i: [({},), (i.packed(),)],
    # No CPU has the kernel.
    "FlashAttention.flash": lambda i: (
        [(i.x(N, HIDDEN), i.x(N, i.kv_heads * WIDTH), i.x(N, i.kv_heads * WIDTH), DOCUMENTS, i.packed())]
        * (i.device != "cpu")
    ),
    "FlashAttention.flash_backward": lambda i: (
        [(i.x(N, HIDDEN), kept_of_flash(i), DOCUMENTS, i.packed())] * (i.device != "cpu")
    ),
    "DocumentAttention.window": lambda i: [(batch, length) for batch in ({}, i.packed()) for length in (5, 9)],
    "DocumentAttention.by_heads": lambda i: (
        [(i.x(N, HIDDEN), call, HEADS, True) for call in DOCUMENT_CALLS]
        + [(i.x(N, i.kv_heads * WIDTH), DOCUMENT_CALLS[0], i.kv_heads, repeat) for repeat in (False, True)]
    ),
    "DocumentAttention.by_tokens": lambda i: [
        (i.x(2, HEADS, 5, WIDTH).to(dtype), heads)
        for heads in (HEADS, i.kv_heads)
        for dtype in (torch.float32, torch.bfloat16)
    ],
    "DocumentAttention.repeats": lambda i: [
        (i.x(3).to(dtype), window) for dtype in (torch.float32, torch.bfloat16) for window in (NO_WINDOW, (3, 0))
    ],
    "DocumentAttention.attend_call": lambda i: [
        (*(i.x(1, HEADS, 9, WIDTH) for _ in "qkv"), bias, window, recorded)
        for bias, window in i.biases_and_windows()
        for recorded in (False, True)
    ],
    "DocumentAttention.plain_attention": lambda i: [
        (*(i.x(1, HEADS, 9, WIDTH) for _ in "qkv"), bias) for bias in (None, i.hidden(9))
    ],
    "DocumentAttention.plain_attention_backward": lambda i: (
        [(*(i.x(1, HEADS, 9, WIDTH) for _ in "gqkv"), bias) for bias in (None, i.hidden(9))] * (not i.capped)
    ),
    "DocumentAttention.recorded_gradients": lambda i: [recorded_attention(i)],
    "DocumentAttention.fused": lambda i: (
        [(*(i.x(1, HEADS, 9, WIDTH) for _ in "qkv"), bias) for bias in (None, i.hidden(9))] * (i.device == "cpu")
    ),
    "DocumentAttention.call_backward": lambda i: [
        (*(i.x(1, HEADS, 9, WIDTH) for _ in "gqkvo"), i.x(1, HEADS, 9) if i.keeps_sums else None, bias, window)
        for bias, window in i.biases_and_windows()
    ],
    "DocumentAttention.kernel": lambda i: [
        (*(i.x(1, HEADS, 9, WIDTH) for _ in "qkv"), i.hidden(9), recorded)
        for recorded in (False, True)[i.keeps_sums and i.device != "cpu" :]
    ],
    "DocumentAttention.kernel_backward": lambda i: (
        [(*(i.x(1, HEADS, 9, WIDTH) for _ in "gqkvo"), i.x(1, HEADS, 9) if i.keeps_sums else None, i.hidden(9))]
        * (not i.capped)
    ),
    "DocumentAttention.attend": lambda i: [
        (*i.qkv(), DOCUMENTS, batch, recorded) for batch in ({}, i.packed()) for recorded in (False, True)
    ],
    "DocumentAttention.attend_backward": lambda i: [
        (i.x(N, HIDDEN), kept_of_llama(i, {}), DOCUMENTS, batch) for batch in ({}, i.packed())
    ],
    "CachedAttention.empty_cache": lambda i: [([2, i.kv_heads, 12, WIDTH], i.x(1))],
    "CachedAttention.cache_documents": lambda i: [
        (i.cache()["keys"], i.x(N, i.kv_heads * WIDTH), DOCUMENTS, [2, 0, 1, 3])
    ],
    "CachedAttention.copy_cached": lambda i: [(i.cache()["keys"], 2, i.cache()["keys"], 1, 5)],
    "CachedAttention.hidden_positions": lambda i: [
        (i.ids(9, 4, t), 2, 9, window, heads) for t, heads in ((1, 1), (3, 2)) for window in (0, 4)
    ],
    "CachedAttention.cache_tokens": lambda i: [
        (i.cache()["keys"], i.x(4 * t, i.kv_heads * WIDTH), *i.appended(t).values()) for t in (1, 3)
    ],
    "CachedAttention.attend_cached": lambda i: [
        (
            i.x(4 * t, HIDDEN),
            i.x(4 * t, i.kv_heads * WIDTH),
            i.x(4 * t, i.kv_heads * WIDTH),
            i.cache() | i.appended(t) | bias,
            2,
            10,
        )
        for t, bias in ((1, {}), (1, {"bias": i.x(4, 1, 1, 8)}), (3, {"bias": i.x(4, 1, 3 * HEADS // i.kv_heads, 8)}))
    ],
    "CachedAttention.cache_grown": lambda i: [(i.cache()["keys"], 10, 20)],
    "CachedAttention.next_logits": lambda i: [(i.x(n, HIDDEN), i.x(VOCABULARY, HIDDEN)) for n in (1, 8, 9)],
    "Llama.embeddings": lambda i: [(i.x(N, HIDDEN), {}, {}, DOCUMENTS, {})],
    "Llama.cast_rotated": lambda i: [(i.x(N, HIDDEN), HEADS, batch, 1) for batch in (i.packed(), {})],
    "Llama.queries_keys_values": lambda i: [(i.x(N, HIDDEN), w, i.packed(), masks) for w, masks in i.llamas()],
    "Llama.after_attention": lambda i: [(i.x(N, HIDDEN), i.x(N, HIDDEN), w, masks) for w, masks in i.llamas()],
    "Llama.layer": lambda i: [(i.x(N, HIDDEN), w, i.packed(), DOCUMENTS, masks) for w, masks in i.llamas()],
    "Llama.layer_forward": lambda i: [(i.x(N, HIDDEN), w, i.packed(), DOCUMENTS, masks) for w, masks in i.llamas()],
    "Llama.layer_backward": lambda i: [
        (i.x(N, HIDDEN), kept_of_llama(i, w), w, i.packed(), DOCUMENTS, masks, i.gradients(w), add, needs_input_grad)
        for w, masks in i.llamas()
        for add, needs_input_grad in [(False, True), (True, False)]
    ],
    "Llama.feed_forward_backward": lambda i: [
        (i.x(N, HIDDEN), kept_of_llama(i, w), w, masks, i.gradients(w), False) for w, masks in i.llamas()
    ],
    "Llama.prompt_layer": lambda i: [
        (i.x(N, HIDDEN), w, i.packed(), DOCUMENTS, {}, i.cache(), [2, 0, 1, 3]) for w, _ in i.llamas()
    ],
    "Llama.token_layer": lambda i: [
        (
            i.x(4, HIDDEN),
            w,
            {name: i.x(4, 1, WIDTH // 2) for name in ("cos", "sin")},
            [1] * 4,
            {},
            i.cache() | i.appended(1),
            2,
            10,
        )
        for w, _ in i.llamas()
    ],
    "DecoderHeads.head": lambda i: [(i.x(N, HIDDEN), decoder_head(i), i.packed(), DOCUMENTS, {})],
    "DecoderHeads.embedding_head": lambda i: [
        (i.x(N, HIDDEN), decoder_head(i), batch, DOCUMENTS, {}) for batch in texts_of_rows(i)
    ],
    "DecoderHeads.sequence_head": lambda i: [(i.x(N, HIDDEN), decoder_head(i), i.packed(), DOCUMENTS, {})],
    "DecoderHeads.token_head": lambda i: [
        (i.x(N, HIDDEN), decoder_head(i), i.packed(), DOCUMENTS, masks) for masks in ({}, {"head": i.mask(N, HIDDEN)})
    ],
    "Llama.last_norm": lambda i: [(i.x(N, HIDDEN), i.llama())],
    "Gpt2.embeddings": lambda i: [
        (i.x(N, HIDDEN), i.gpt2()[0], i.packed(), DOCUMENTS, masks) for masks in ({}, {"embeddings": i.mask(N, HIDDEN)})
    ],
    "Gpt2.queries_keys_values": lambda i: [(i.x(N, HIDDEN), w, {}) for w, _ in i.gpt2s()],
    "Gpt2.after_attention": lambda i: [(i.x(N, HIDDEN), i.x(N, HIDDEN), w, masks) for w, masks in i.gpt2s()],
    "Gpt2.layer": lambda i: [(i.x(N, HIDDEN), w, {}, DOCUMENTS, masks) for w, masks in i.gpt2s()],
    "Gpt2.prompt_layer": lambda i: [
        (i.x(N, HIDDEN), w, {}, DOCUMENTS, {}, i.cache(), [2, 0, 1, 3]) for w, _ in i.gpt2s()
    ],
    "Gpt2.token_layer": lambda i: [
        (i.x(4, HIDDEN), w, {}, [1] * 4, {}, i.cache() | i.appended(1), 2, 10) for w, _ in i.gpt2s()
    ],
    "Gpt2.last_norm": lambda i: [(i.x(N, HIDDEN), i.gpt2()[0])],
}
