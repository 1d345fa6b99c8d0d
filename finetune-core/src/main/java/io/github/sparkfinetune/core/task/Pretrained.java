package io.github.sparkfinetune.core.task;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.data.hf.HfConfig;

/**
 * A model folder that is about to be loaded.
 *
 * @param manager owner of the weights, and their device
 * @param matmul what computes matrix products
 * @param config its configuration, with the vocabulary that it is loaded with
 * @param source its weights
 */
public record Pretrained(NDManager manager, MatmulBackend matmul, HfConfig config, TensorSource source) {}
