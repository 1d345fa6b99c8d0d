package io.github.sparkfinetune.core.arch.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.BlockSpec;
import io.github.sparkfinetune.core.arch.Configs;
import io.github.sparkfinetune.core.arch.EncoderArchitecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ArchitecturesTest {
    static Stream<Path> models() {
        return GoldenFiles.folders("models").stream()
                .filter(folder -> GoldenFiles.head(folder).isPresent())
                .filter(folder -> Architectures.find(HfConfig.read(folder)).isPresent());
    }

    private static HeadKind head(Path folder) {
        return GoldenFiles.head(folder).orElseThrow();
    }

    /**
     * Compares the listed weights with checkpoints of transformers. Checkpoints hold each weight in its listed shape,
     * and no other weights except those of the image part.
     */
    @ParameterizedTest
    @MethodSource("models")
    void listsTheWeightsOfTheCheckpoint(Path folder) {
        HfConfig config = HfConfig.read(folder);
        Architecture architecture = Architectures.of(config);
        List<WeightSpec> weights = new ArrayList<>(List.of(architecture.table()));
        for (BlockSpec block : architecture.blocks(head(folder), config.numLabels())) {
            weights.addAll(block.weights().values());
        }
        weights.addAll(architecture.shared().values());
        architecture.lmHead(head(folder)).values().stream()
                .filter(weight -> !weight.isLinear() || !architecture.isTied())
                .forEach(weights::add);
        Map<String, String> listed = new TreeMap<>();
        weights.forEach(weight -> listed.put(weight.name(), Arrays.toString(weight.shape())));
        Map<String, String> stored = new TreeMap<>();
        try (SafetensorsModel source = SafetensorsModel.open(folder)) {
            source.names().stream()
                    .filter(name -> architecture.writtenName(name).isPresent())
                    .forEach(name ->
                            stored.put(name, Arrays.toString(source.info(name).shape())));
        }
        assertThat(listed).isEqualTo(stored).hasSameSizeAs(weights);
    }

    @ParameterizedTest
    @MethodSource("models")
    void namesTheClassOfTheCheckpoint(Path folder) {
        HfConfig config = HfConfig.read(folder);
        assertThat(config.architectures())
                .containsExactly(Architectures.of(config).className(head(folder)));
    }

    @Test
    void refusesAnUnknownFamilyAndNamesTheSupported() {
        HfConfig unknown = Configs.golden("bert-seqcls", "model_type", "mamba");
        assertRefused(
                () -> Architectures.of(unknown), "model_type mamba is not supported; supported are bert,", "smollm3");
        assertRefused(() -> Architectures.encoder(unknown), "model_type mamba is not supported; supported are bert,");
        assertRefused(
                () -> Architectures.decoder(Configs.golden("bert-seqcls")),
                "model_type bert is not supported for text generation; supported are gemma2, gemma3_text, gpt2,"
                        + " granite, llama, mistral, olmo2, phi3, qwen2, qwen3, smollm3, and the text part of gemma3, mistral3");
        assertThat(Architectures.find(unknown)).isEmpty();
        assertThat(Architectures.find(unknown.with("model_type", null))).isEmpty();
    }

    @Test
    void refusesUnsupportedMultimodalModelsByName() {
        HfConfig other = Configs.golden("gemma3-multimodal", "model_type", "llava");
        assertRefused(
                () -> Architectures.of(other), "config.json: model_type llava is not supported; supported are bert");
        assertRefused(() -> Architectures.decoder(other), "model_type llava is not supported for text generation");
        assertThat(Architectures.find(other)).isEmpty();
        HfConfig newer = Configs.golden("mistral3-saved-by-5", "text_config", Map.of("model_type", "ministral3"));
        assertRefused(
                () -> Architectures.decoder(newer),
                "model_type mistral3 with a text_config of ministral3 is not supported; only mistral is");
        assertRefused(
                () -> Architectures.encoder(Configs.golden("gemma3-multimodal")), "model_type gemma3 is not supported");
    }

    @ParameterizedTest
    @CsvSource({
        "bert-seqcls, is_decoder, true, is_decoder 'true' is not supported",
        "bert-seqcls, add_cross_attention, true, add_cross_attention 'true' is not supported",
        "bert-seqcls, position_embedding_type, relative_key, position_embedding_type 'relative_key' is not",
        "bert-seqcls, hidden_act, quick_gelu, hidden_act quick_gelu is not supported",
        "roberta-seqcls, is_decoder, true, is_decoder 'true' is not supported",
        "roberta-seqcls, add_cross_attention, true, add_cross_attention 'true' is not supported",
        "distilbert-tokencls, activation, quick_gelu, activation quick_gelu is not supported",
        "gpt2, add_cross_attention, true, add_cross_attention 'true' is not supported",
        "gpt2, scale_attn_weights, false, scale_attn_weights 'false' is not supported",
        "gpt2, n_head, 3, n_head 3 does not divide n_embd",
        "mpnet-seqcls, hidden_act, quick_gelu, hidden_act quick_gelu is not supported",
        "mpnet-seqcls, relative_attention_num_buckets, 3, relative_attention_num_buckets 3 is not supported",
        "modernbert-seqcls, hidden_activation, quick_gelu, hidden_activation quick_gelu is not supported",
        "modernbert-seqcls, classifier_activation, quick_gelu, classifier_activation quick_gelu is not supported",
        "modernbert-seqcls, classifier_pooling, max, classifier_pooling max must be cls or mean",
        "modernbert-seqcls, mlp_dropout, 0.1, mlp_dropout is not supported",
        "modernbert-seqcls, rope_scaling, linear, rope_scaling is not supported for model_type modernbert",
        "modernbert-seqcls, partial_rotary_factor, 0.1, partial_rotary_factor is not supported for model_type",
        "deberta-v3-seqcls, conv_kernel_size, 3, conv_kernel_size 3 is not supported",
        "deberta-v3-seqcls, embedding_size, 3, embedding_size '3' is not supported",
        "deberta-v3-seqcls, pooler_hidden_size, 3, pooler_hidden_size '3' is not supported",
        "deberta-v3-seqcls, pooler_hidden_act, quick_gelu, pooler_hidden_act quick_gelu is not supported",
        "deberta-v3-seqcls, relative_attention, false, relative_attention false is not supported",
        "bert-seqcls, num_attention_heads, 3, num_attention_heads 3 does not divide hidden_size"
    })
    void refusesUnsupportedConfigurations(String model, String key, String value, String message) {
        Object json = switch (value) {
            case "true", "false" -> Boolean.valueOf(value);
            case "3" -> 3;
            case "0.1" -> 0.1;
            default -> value;
        };
        HfConfig config = Configs.golden(model, key, json);
        assertRefused(
                () -> {
                    if (model.equals("gpt2")) {
                        Architectures.decoder(config);
                    } else {
                        Architectures.encoder(config);
                    }
                },
                "config.json",
                message);
    }

    private static void assertRefused(ThrowingCallable call, String... parts) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessageContainingAll(parts);
    }

    /** Refuses the discriminator, whose head does not predict tokens; the generator has another head. */
    @Test
    void refusesElectraForMaskedLm() {
        EncoderArchitecture electra = Architectures.encoder(Configs.golden("electra-seqcls"));
        assertRefused(
                () -> electra.blocks(HeadKind.MASKED_LM, 0),
                "config.json: model_type electra is not supported for masked-lm:"
                        + " only ELECTRA's generator predicts masked tokens");
    }

    /** Refuses the non-legacy head, where transformers ties a dense layer of the head to the embedding table. */
    @Test
    void refusesTheNonLegacyHeadOfDebertaForMaskedLm() {
        EncoderArchitecture deberta = Architectures.encoder(Configs.golden("deberta-v3-seqcls", "legacy", false));
        assertRefused(
                () -> deberta.blocks(HeadKind.MASKED_LM, 0),
                "config.json: legacy false is not supported for masked-lm");
    }

    @Test
    void ignoresTheConfiguredEpsilonOfDistilBert() {
        HfConfig config = Configs.golden("distilbert-tokencls", "layer_norm_eps", 0.1);
        assertThat(Architectures.encoder(config).shape().epsilon()).isEqualTo(1e-12);
    }

    @Test
    void padsRobertaWithTokenOneByDefault() {
        ModelShape shape = Architectures.encoder(Configs.golden("roberta-seqcls", "pad_token_id", null))
                .shape();
        assertThat(shape.paddingId()).isEqualTo(1);
        assertThat(shape.tables().firstPosition()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({
        "bert-seqcls, max_position_embeddings, 0",
        "roberta-seqcls, max_position_embeddings, 2",
        "camembert-seqcls, max_position_embeddings, 2",
        "xlm-roberta-seqcls, max_position_embeddings, 2",
        "gpt2, n_positions, 0"
    })
    void countsPositionsByFamily(String model, String key, int before) {
        HfConfig config = Configs.golden(model);
        assertThat(Architectures.positions(config))
                .isEqualTo(config.integer(key).orElseThrow() - before);
        assertThat(Architectures.positions(config.with("model_type", "mamba"))).isZero();
    }
}
