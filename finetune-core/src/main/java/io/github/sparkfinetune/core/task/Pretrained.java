package io.github.sparkfinetune.core.task;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.data.hf.HfConfig;

/**
 * A model folder to load.
 *
 * @param manager owner of the weights; decides the device
 * @param matmul backend of matrix products
 * @param config configuration of the model, with the vocabulary to load
 * @param source weights of the model
 */
public record Pretrained(NDManager manager, MatmulBackend matmul, HfConfig config, TensorSource source) {}
