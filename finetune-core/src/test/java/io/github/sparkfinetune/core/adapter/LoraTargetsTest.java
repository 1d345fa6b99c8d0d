package io.github.sparkfinetune.core.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.MethodConfig.LoraBias;
import io.github.sparkfinetune.conf.ModuleNames;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.key.Components;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.Configs;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** PEFT's rules for the modules that get an adapter; the expected names are those of PEFT 0.21.2. */
class LoraTargetsTest {
    private static final List<LinearModule> LLAMA = llama();

    private static List<LinearModule> llama() {
        List<LinearModule> modules = new ArrayList<>();
        for (int layer = 0; layer < 3; layer++) {
            for (String name : List.of("self_attn.q_proj", "self_attn.v_proj", "mlp.down_proj")) {
                modules.add(new LinearModule("model.layers." + layer + "." + name, 8, 4, false, layer, false));
            }
        }
        modules.add(new LinearModule("lm_head", 8, 16, false, -1, true));
        return modules;
    }

    private static LoraSettings settings(ModuleNames targets, List<Integer> layers, List<String> layersPattern) {
        return new LoraSettings(
                LoraSettings.Ranks.same(4, 8),
                new LoraSettings.Targets(targets, null, layers, layersPattern),
                0.1,
                false,
                LoraSettings.AlsoTrained.NOTHING,
                new LoraSettings.BaseModel("base", "CAUSAL_LM", false));
    }

    private static List<String> names(LoraSettings settings) {
        return LoraTargets.match(settings, LLAMA).stream()
                .map(module -> module.module().name())
                .toList();
    }

    private static List<String> names(ModuleNames targets) {
        return names(settings(targets, List.of(), List.of()));
    }

    @Test
    void matchesAListByNamesOrSuffixes() {
        assertThat(names(ModuleNames.of(List.of("model.layers.1.mlp.down_proj", "self_attn.q_proj"))))
                .containsExactly(
                        "model.layers.0.self_attn.q_proj",
                        "model.layers.1.self_attn.q_proj",
                        "model.layers.1.mlp.down_proj",
                        "model.layers.2.self_attn.q_proj");
        assertThat(names(ModuleNames.of(List.of("lm_head")))).containsExactly("lm_head");
    }

    @Test
    void matchesATextAsARegularExpressionOfTheWholeName() {
        assertThat(names(ModuleNames.matching("model\\.layers\\.(?P<layer>[02])\\.mlp\\..*")))
                .containsExactly("model.layers.0.mlp.down_proj", "model.layers.2.mlp.down_proj");
        assertThatThrownBy(() -> names(ModuleNames.matching("q_proj")))
                .isInstanceOf(RunException.class)
                .hasMessage("target_modules: q_proj matches no linear of this model; its linears are q_proj, v_proj,"
                        + " down_proj, lm_head");
        assertThatThrownBy(() -> names(ModuleNames.matching("(q_proj")))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("target_modules: (q_proj is not a regular expression");
    }

    @Test
    void leavesTheLmHeadOutOfAllLinear() {
        assertThat(names(ModuleNames.matching("all-linear"))).hasSize(9).doesNotContain("lm_head");
    }

    @Test
    void choosesLayersByNumberButAlwaysMatchesFullNames() {
        ModuleNames targets = ModuleNames.of(List.of("q_proj", "model.layers.0.mlp.down_proj"));
        assertThat(names(settings(targets, List.of(2), List.of())))
                .containsExactly("model.layers.0.mlp.down_proj", "model.layers.2.self_attn.q_proj");
        assertThat(names(settings(targets, List.of(1), List.of("blocks", "layers"))))
                .containsExactly("model.layers.0.mlp.down_proj", "model.layers.1.self_attn.q_proj");
        assertThat(names(settings(targets, List.of(1), List.of("blocks"))))
                .containsExactly("model.layers.0.mlp.down_proj");
    }

    @Test
    void refusesNamesThatMatchNothingForANewAdapter() {
        LoraSettings settings = settings(ModuleNames.of(List.of("q_proj", "qkv")), List.of(), List.of());
        assertThat(LoraTargets.match(settings, LLAMA)).hasSize(3);
        assertThatThrownBy(() -> LoraTargets.checkNames(settings, LLAMA))
                .isInstanceOf(RunException.class)
                .hasMessageStartingWith("target_modules: qkv matches no linear");
    }

    /**
     * Names only the outer module of nested modules to save. PEFT wraps the inner module twice if both are named, and
     * cannot load the adapter.
     */
    @Test
    void namesOnlyTheOuterModuleToSave() {
        LoraSettings settings = settings(ModuleNames.of(List.of("q_proj")), List.of(), List.of())
                .saving(List.of("classifier"))
                .saving(List.of("classifier.dense", "classifier.out_proj", "vocab_transform", "vocab_transform"));
        assertThat(settings.alsoTrained().modulesToSave()).containsExactly("classifier", "vocab_transform");
    }

    @Test
    void takesTheFirstPatternThatMatches() {
        Map<String, Object> ranks = new LinkedHashMap<>();
        ranks.put("layers.[01].self_attn.*", 2);
        ranks.put("q_proj", 16);
        ranks.put("proj", 32);
        MethodConfig method = new MethodConfig(
                /* type= */ MethodConfig.Type.LORA,
                /* freezeLayers= */ null,
                /* adapter= */ null,
                /* r= */ 4,
                /* loraAlpha= */ 8,
                /* loraDropout= */ 0.1,
                /* bias= */ LoraBias.NONE,
                /* useRslora= */ true,
                /* useDora= */ true,
                /* initLoraWeights= */ MethodConfig.DEFAULT_INIT,
                /* targetModules= */ null,
                /* rankPattern= */ ranks,
                /* alphaPattern= */ Map.of("v_proj", 0.5),
                /* layersToTransform= */ List.of(),
                /* modulesToSave= */ List.of(),
                /* trainableTokenIndices= */ List.of(),
                /* bnb4bitUseDoubleQuant= */ true);
        LoraSettings settings = LoraSettings.of(method, architecture("llama-tied"), "CAUSAL_LM", "base");

        List<LoraModule> modules = LoraTargets.match(settings, LLAMA);

        assertThat(modules).extracting(LoraModule::r).containsExactly(2, 2, 2, 2, 16, 4);
        assertThat(modules.get(5).scaling()).isEqualTo(0.5 / 2);
        assertThat(modules.get(4).scaling()).isEqualTo(8 / 4.0);
        assertThat(modules).allMatch(LoraModule::dora).allMatch(module -> module.dropout() == 0.1);
    }

    @ParameterizedTest
    @CsvSource({
        "llama-tied, CAUSAL_LM, '[q_proj, v_proj]', '[]', false",
        "gpt2, CAUSAL_LM, '[c_attn]', '[]', true",
        "bert-seqcls, SEQ_CLS, '[query, value]', '[classifier, score]', false",
        "distilbert-tokencls, TOKEN_CLS, '[q_lin, v_lin]', '[classifier, score]', false",
        "electra-seqcls, SEQ_CLS, '[query, value]', '[classifier, score]', false",
        "camembert-tokencls, TOKEN_CLS, '[query, value]', '[classifier, score]', false",
        "xlm-roberta-tokencls, TOKEN_CLS, '[query, value]', '[classifier, score]', false",
        "deberta-v3-seqcls, SEQ_CLS, '[query_proj, value_proj]', '[classifier, score]', false",
        "mpnet-seqcls, SEQ_CLS, '[q, v]', '[classifier, score]', false",
        "modernbert-tokencls, TOKEN_CLS, '[Wqkv]', '[classifier, score]', false",
        "roberta-seqcls, QUESTION_ANS, '[query, value]', '[qa_outputs]', false",
    })
    void usesPeftsDefaults(String model, String task, String targets, String saved, boolean fanInFanOut) {
        LoraSettings settings = LoraSettings.of(MethodConfig.lora(8, 16, null), architecture(model), task, "base");
        assertThat(settings.targets().targetModules()).hasToString(targets);
        assertThat(settings.alsoTrained().modulesToSave()).hasToString(saved);
        assertThat(settings.base().fanInFanOut()).isEqualTo(fanInFanOut);
    }

    @Test
    void matchesSavedModulesBySuffixAndGivesThemNoAdapter() {
        LoraSettings settings = LoraSettings.of(
                MethodConfig.lora(8, 8, ModuleNames.matching("all-linear")),
                architecture("distilbert-tokencls"),
                "SEQ_CLS",
                "base");
        LinearModule query = new LinearModule("distilbert.transformer.layer.0.attention.q_lin", 4, 4, false, 0, false);
        LinearModule head = new LinearModule("classifier.out_proj", 4, 2, false, -1, false);
        LinearModule before = new LinearModule("pre_classifier", 4, 4, false, -1, false);

        assertThat(LoraTargets.match(settings, List.of(query, head)))
                .extracting(LoraModule::module)
                .containsExactly(query);
        assertThat(settings.saves("classifier.out_proj.weight")).isTrue();
        assertThat(settings.saves("pre_classifier.bias")).isTrue();
        assertThat(settings.saves(query.weight())).isFalse();
        assertThatThrownBy(() -> LoraTargets.match(settings, List.of(query, before)))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("matches pre_classifier, which modules_to_save");
    }

    @Test
    void trainsBiasesAsConfigured() {
        MethodConfig lora = MethodConfig.lora(8, 8, null);
        LoraSettings none = LoraSettings.of(lora, architecture("bert-seqcls"), "SEQ_CLS", "base");
        LoraSettings only =
                LoraSettings.of(withBias(LoraBias.LORA_ONLY), architecture("bert-seqcls"), "SEQ_CLS", "base");
        LoraSettings all = LoraSettings.of(withBias(LoraBias.ALL), architecture("bert-seqcls"), "SEQ_CLS", "base");
        Set<String> adapted = Set.of("a.query");

        assertThat(none.trainsBias("a.query.bias", adapted)).isFalse();
        assertThat(only.trainsBias("a.query.bias", adapted)).isTrue();
        assertThat(only.trainsBias("a.norm.bias", adapted)).isFalse();
        assertThat(all.trainsBias("a.norm.bias", adapted)).isTrue();
        assertThat(all.trainsBias("a.norm.weight", adapted)).isFalse();
    }

    private static Architecture architecture(String model) {
        return Architectures.of(Configs.golden(model));
    }

    private static MethodConfig withBias(LoraBias bias) {
        return Components.with(MethodConfig.lora(8, 8, null), "bias", bias);
    }
}
