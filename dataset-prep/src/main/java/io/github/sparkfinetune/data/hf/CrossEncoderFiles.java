package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.util.Map;

/**
 * The files by which {@code sentence-transformers} loads a model folder as a {@code CrossEncoder}. Without them it
 * makes a conversation of a pair of texts if the tokenizer has a chat template.
 *
 * @param maxLength largest number of tokens of a pair
 */
public record CrossEncoderFiles(int maxLength) {
    private static final String MODULES = """
            [{"idx": 0, "name": "0", "path": "",
              "type": "sentence_transformers.base.modules.transformer.Transformer"}]""";

    private static final String TRANSFORMER = """
            {"max_seq_length": %d, "transformer_task": "sequence-classification",
             "modality_config": {"text": {"method": "forward", "method_output_name": "logits"}},
             "module_output_name": "scores"}""";

    private static final String CROSS_ENCODER = """
            {"model_type": "CrossEncoder", "activation_fn": "torch.nn.modules.activation.Sigmoid", "prompts": {}}""";

    /** Returns the contents of the files by name. */
    public Map<String, byte[]> files() {
        return Map.of(
                "modules.json",
                pretty(MODULES),
                "sentence_bert_config.json",
                pretty(TRANSFORMER.formatted(maxLength)),
                "config_sentence_transformers.json",
                pretty(CROSS_ENCODER));
    }

    private static byte[] pretty(String json) {
        try {
            return JsonFiles.pretty(JsonFiles.MAPPER.readTree(json));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("constants are JSON", e);
        }
    }
}
