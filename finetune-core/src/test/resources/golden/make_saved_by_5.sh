#!/usr/bin/env bash
# Writes the golden models that transformers 5 saves otherwise than 4: their angles stand in rope_parameters, flat or by type of layer.
# PYTHON has what requirements-5.txt names.
set -euo pipefail
cd "$(dirname "$0")"
make() {
    "${PYTHON:-python}" make_model.py "$@"
}
decoder=(hidden_size=16 intermediate_size=24 num_hidden_layers=2 tokens=16 rope_theta=null rope_scaling=null)
scaled='{"rope_type": "linear", "factor": 8.0, "rope_theta": 50000.0}'
local='{"rope_type": "default", "rope_theta": 500.0}'
llama3='{"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16'
longrope='{"rope_type": "longrope", "short_factor": [1.0, 1.5], "long_factor": [2.0, 4.0], "partial_rotary_factor": 0.5'
types='["sliding_attention", "full_attention"]'

gemma3=("${decoder[@]}" hidden_size=24 intermediate_size=32 rope_local_base_freq=null "layer_types=$types"
    "rope_parameters={\"full_attention\": $scaled, \"sliding_attention\": $local}")
make gemma3-saved-by-5 Gemma3ForCausalLM gemma3 "${gemma3[@]}"
make gemma3-multimodal-saved-by-5 Gemma3ForConditionalGeneration gemma3 "${gemma3[@]}" .mm_tokens_per_image=4
make mistral3-saved-by-5 Mistral3ForConditionalGeneration mistral "${decoder[@]}" sliding_window=null "rope_parameters=$local" \
    .tie_word_embeddings=false
make llama-saved-by-5 LlamaForCausalLM llama-untied "${decoder[@]}" "rope_parameters=$llama3, \"rope_theta\": 50000.0}"
make phi3-saved-by-5 Phi3ForCausalLM phi3 "${decoder[@]}" partial_rotary_factor=null num_attention_heads=2 \
    num_key_value_heads=1 original_max_position_embeddings=32 "rope_parameters=$longrope, \"rope_theta\": 50000.0}"
make modernbert-saved-by-5 ModernBertForSequenceClassification modernbert-seqcls hidden_size=16 intermediate_size=24 \
    num_hidden_layers=3 tokens=24 global_rope_theta=null local_rope_theta=null global_attn_every_n_layers=null \
    'layer_types=["sliding_attention", "full_attention", "full_attention"]' \
    "rope_parameters={\"full_attention\": ${scaled/linear\", \"factor\": 8.0/default\"}, \"sliding_attention\": $local}"
