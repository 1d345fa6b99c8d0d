package io.github.sparkfinetune.core.task;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.hf.HfConfig;

/**
 * A model folder that is about to be loaded.
 *
 * @param manager owner of the weights, and their device
 * @param script module with what computes
 * @param config its configuration, with the vocabulary that it is loaded with
 * @param source its weights
 */
public record Pretrained(NDManager manager, ScriptModule script, HfConfig config, TensorSource source) {}
