package io.github.sparkfinetune.conf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

public class BadConfigTest {
    /** Lines of a valid file, separated by '|'; the first is line 1. */
    private static final String GOOD = "model: m|task: classification|output: {dir: o}|data:|  train: t|";

    @ParameterizedTest
    @CsvSource(delimiter = '^', quoteCharacter = '`', textBlock = """
        training:|  learning_rat: 1 ^ run.yaml:7: unknown key training.learning_rat; did you mean training.learning_rate?
        learning_rate: 1 ^ run.yaml:6: unknown key learning_rate; did you mean training.learning_rate?
        trainign: {seed: 1} ^ run.yaml:6: unknown key trainign; did you mean training?
        zzzzzzzzz: 1 ^ run.yaml:6: unknown key zzzzzzzzz
        cluster: {shard_optimizer: 2} ^ run.yaml:6: cluster.shard_optimizer: expected true or false, got '2'
        training:|  learning_rate: fast ^ run.yaml:7: training.learning_rate: expected a number, got 'fast'
        training:|  learning_rate: '1' ^ run.yaml:7: training.learning_rate: expected a number, got '1'
        training:|  seed: 1.5 ^ run.yaml:7: training.seed: expected a whole number, got '1.5'
        training:|  max_steps: 3000000000 ^ run.yaml:7: training.max_steps: expected a whole number of 32 bits, got '3000000000'
        training:|  seed: [1, 2] ^ run.yaml:7: training.seed: expected one value, got a list
        training: fast ^ run.yaml:6: training: expected a section of keys, got 'fast'
        cluster:|  shared_filesystem: yes ^ run.yaml:7: cluster.shared_filesystem: expected true or false, got 'yes'
        method: {type: lorax} ^ run.yaml:6: method.type: expected one of full, freeze, lora, qlora, got 'lorax'
        device: tpu ^ run.yaml:6: device: expected one of auto, cpu, gpu, got 'tpu'
        training:|  seed: 1|  seed: 2 ^ run.yaml:8: training.seed is set twice: remove one
        model: n ^ run.yaml:6: model is set twice: remove one
        training: {learning_rate: -1} ^ run.yaml:6: training.learning_rate: -1.0 is not allowed, it must be above 0
        training: {learning_rate: .nan} ^ run.yaml:6: training.learning_rate: expected a number, got '.nan'
        training: {seed: null} ^ run.yaml: training.seed is missing: set in the file or with --set training.seed=VALUE
        method: {freeze_layers: 1} ^ run.yaml:6: method.freeze_layers: 1 is not allowed, it must be used with method.type: freeze only
        method: {type: lora, init_lora_weights: olora} ^ run.yaml:6: method.init_lora_weights: olora is not allowed, it must be true, gaussian, pissa, pissa_niter_[number of iterations] or loftq
        method: {type: lora, init_lora_weights: loftq} ^ run.yaml:6: method.init_lora_weights: loftq is not allowed, it must be used with method.type: qlora only, whose 4 bits it makes up for
        method: {type: qlora, init_lora_weights: pissa} ^ run.yaml:6: method.init_lora_weights: pissa is not allowed, it must be used with method.type: lora only: with qlora the 4-bit base would be another than the one that the adapter is loaded with; loftq is for that
        method: {trainable_token_indices: [3]} ^ run.yaml:6: method.trainable_token_indices: [3] is not allowed, it must be used with method.type: lora or qlora only: others train the whole table
        method: {type: lora, trainable_token_indices: [3, 3]} ^ run.yaml:6: method.trainable_token_indices: [3, 3] is not allowed, it must be a list of token ids of at least 0, each once
        method: {modules_to_save: score} ^ run.yaml:6: method.modules_to_save: expected a list of texts, got 'score'
        method: {layers_to_transform: [1, x]} ^ run.yaml:6: method.layers_to_transform: expected a whole number, got 'x'
        method: {target_modules: {a: b}} ^ run.yaml:6: method.target_modules: expected a list of texts, got a section of keys
        method: {rank_pattern: {q_proj: 0}} ^ run.yaml:6: method.rank_pattern.q_proj: 0 is not allowed, it must be a whole number of at least 1
        method: {r: 0} ^ run.yaml:6: method.r: 0 is not allowed, it must be at least 1
        method: {adapter: a} ^ run.yaml:6: method.adapter: a is not allowed, it must be used with method.type: lora or qlora only
        question_answering: {n_best_size: 0} ^ run.yaml:6: question_answering.n_best_size: 0 is not allowed, it must be at least 1
        masked_lm: {mlm_probability: 1} ^ run.yaml:6: masked_lm.mlm_probability: 1.0 is not allowed, it must be in (0, 1)
        `  incremental: true|  deduplicate: false` ^ run.yaml:7: data.deduplicate: false is not allowed, it must be true with data.incremental: a row of a new file may be one that the dataset has
        `  incremental: true|  split_by_time: day` ^ run.yaml:7: data.split_by_time: day is not allowed, it must be null with data.incremental: new rows would be the newest, and rows that are held out stay so
        preference: {beta: 0} ^ run.yaml:6: preference.beta: 0.0 is not allowed, it must be above 0
        preference: {label_smoothing: 0.5} ^ run.yaml:6: preference.label_smoothing: 0.5 is not allowed, it must be in [0, 0.5)
        preference: {loss_type: ipo, label_smoothing: 0.1} ^ run.yaml:6: preference.label_smoothing: 0.1 is not allowed, it must be 0 with preference.loss_type: ipo
        preference: {loss_type: hinge, label_smoothing: 0.1} ^ run.yaml:6: preference.label_smoothing: 0.1 is not allowed, it must be 0 with preference.loss_type: hinge
        preference: {simpo_gamma: -1} ^ run.yaml:6: preference.simpo_gamma: -1.0 is not allowed, it must be at least 0
        preference: {rpo_alpha: -1} ^ run.yaml:6: preference.rpo_alpha: -1.0 is not allowed, it must be at least 0
        preference: {loss_type: orpo, rpo_alpha: 1} ^ run.yaml:6: preference.rpo_alpha: 1.0 is not allowed, it must be 0 with preference.loss_type: orpo, which has this term
        reward: {center_rewards_coefficient: -1} ^ run.yaml:6: reward.center_rewards_coefficient: -1.0 is not allowed, it must be at least 0
        embedding: {scale: 0} ^ run.yaml:6: embedding.scale: 0.0 is not allowed, it must be above 0, and at most 300.0
        embedding: {matryoshka_dims: [8, 8]} ^ run.yaml:6: embedding.matryoshka_dims: [8, 8] is not allowed, it must be a list of different numbers above 0
        embedding: {loss: cosent, negative: other} ^ run.yaml:6: embedding.negative: other is not allowed, it must be null where embedding.loss is cosent: a scored pair has no negatives
        teacher: {weight: 1.5} ^ run.yaml:6: teacher.weight: 1.5 is not allowed, it must be in (0, 1]
        teacher: {temperature: 0} ^ run.yaml:6: teacher.temperature: 0.0 is not allowed, it must be above 0
        teacher: {top_k: 0} ^ run.yaml:6: teacher.top_k: 0 is not allowed, it must be at least 1
        predict: {coverage: 1} ^ run.yaml:6: predict.coverage: 1.0 is not allowed, it must be in [0, 1)
        reranking: {pos_weight: 0} ^ run.yaml:6: reranking.pos_weight: 0.0 is not allowed, it must be above 0
        reranking: {loss: list_net, negative: other, pos_weight: 2} ^ run.yaml:6: reranking.pos_weight: 2.0 is not allowed, it must be 1 unless reranking.loss is binary_cross_entropy
        reranking: {loss: list_net} ^ run.yaml:6: reranking.loss: list_net is not allowed, it must be binary_cross_entropy unless reranking.negative names a column: other losses compare documents
        reranking: {num_negatives: 0} ^ run.yaml:6: reranking.num_negatives: 0 is not allowed, it must be at least 1
        unpaired_preference: {beta: 0} ^ run.yaml:6: unpaired_preference.beta: 0.0 is not allowed, it must be above 0
        unpaired_preference: {desirable_weight: -1} ^ run.yaml:6: unpaired_preference.desirable_weight: -1.0 is not allowed, it must be at least 0
        unpaired_preference: {desirable_weight: 0, undesirable_weight: 0} ^ run.yaml:6: unpaired_preference.undesirable_weight: 0.0 is not allowed, it must be above 0 where unpaired_preference.desirable_weight is 0
        generation: {top_p: 0} ^ run.yaml:6: generation.top_p: 0.0 is not allowed, it must be in (0, 1]
        training: {lr_scheduler_kwargs: {a: }} ^ run.yaml:6: training.lr_scheduler_kwargs.a: expected a value
        classification: {problem_type: multi} ^ run.yaml:6: classification.problem_type: expected one of single_label_classification, multi_label_classification, regression, got 'multi'
        classification: {class_weight: [1, 2]} ^ run.yaml:6: classification.class_weight: expected balanced or numbers by label, got a list
        classification: {class_weight: balance} ^ run.yaml:6: classification.class_weight: expected balanced or numbers by label, got 'balance'
        classification:|  class_weight:|    ham: much ^ run.yaml:8: classification.class_weight.ham: expected a number, got 'much'
        classification: {class_weight: {ham: 1, ham: 2}} ^ run.yaml:6: classification.class_weight.ham is set twice: remove one
        classification: {class_weight: {ham: 0}} ^ run.yaml:6: classification.class_weight: ham: 0.0 is not allowed, it must be a number above 0
        classification: {problem_type: regression, class_weight: balanced} ^ run.yaml:6: classification.class_weight: balanced is not allowed, it must be null where classification.problem_type is regression
        training: [ ^ run.yaml:7: is not YAML:
        ? [a, b]|: 1 ^ run.yaml:6: a key must be a name, got a list
        """)
    void reportsABadFileInOneLineWithARemedy(String lines, String message) {
        String yaml = (GOOD + lines).replace('|', '\n') + "\n";

        assertRefused(() -> RunConfigLoader.parse(yaml, "run.yaml", List.of()), message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', textBlock = """
        learning_rate ^ --set learning_rate: expected section.key=value
        training.learning_rat=1 ^ --set training.learning_rat: unknown key training.learning_rat; did you mean training.learning_rate?
        training.learning_rate=fast ^ --set training.learning_rate: training.learning_rate: expected a number, got 'fast'
        training.learning_rate=[ ^ --set training.learning_rate:1: is not YAML:
        data.stride=128 ^ --set data.stride: data.stride: 128 is not allowed, it must be at least 0 and below data.max_length
        cluster.ranks=0 ^ --set cluster.ranks: cluster.ranks: 0 is not allowed, it must be at least 1
        training.l2_sp=-1 ^ --set training.l2_sp: training.l2_sp: -1.0 is not allowed, it must be at least 0
        training.layerwise_lr_decay=0 ^ --set training.layerwise_lr_decay: training.layerwise_lr_decay: 0.0 is not allowed, it must be above 0, at most 1
        method={typ: full} ^ --set method: unknown key method.typ; did you mean method.type?
        """)
    void namesABadOverride(String override, String message) {
        assertRefused(() -> RunConfigLoader.parse(GOOD.replace('|', '\n'), "run.yaml", List.of(override)), message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', textBlock = """
        data.held_out.train=a ^ data.held_out.train: a is not allowed, it must be named by lower-case letters, digits and underscores, and not train, eval or test
        data.held_out.a-b=a ^ data.held_out.a-b: a is not allowed, it must be named by lower-case letters, digits and underscores, and not train, eval or test
        data.held_out.general=1 ^ data.held_out.general: 1 is not allowed, it must be a path
        data.encoding=utf-9 ^ data.encoding: utf-9 is not allowed, it must be a character set that Java knows, such as UTF-8
        data.split_by=[user, user] ^ data.split_by: [user, user] is not allowed, it must be a column, or a list that names each once; [] for each row by itself
        data.split_by=' ' ^ data.split_by:   is not allowed, it must be a column, or a list that names each once; [] for each row by itself
        data.split_by={user: 1} ^ data.split_by: expected a list of texts, got a section of keys
        data.split_by_time=' ' ^ data.split_by_time:   is not allowed, it must be the name of a column
        data.corpus.near_dedup={} ^ data.corpus.near_dedup: nothing is switched on by it: set data.corpus.near_dedup.enabled to true, or to false to keep it off
        data.corpus.decontaminate.ngram=8 ^ data.corpus.decontaminate: nothing is switched on by it: set data.corpus.decontaminate.enabled to true, or to false to keep it off
        data.corpus.filters=[c5] ^ data.corpus.filters: expected one of gopher_quality, gopher_repetition, c4, fineweb, got 'c5'
        data.corpus.filters=c4 ^ data.corpus.filters: expected a list, got 'c4'
        data.corpus.filters=[c4, c4] ^ data.corpus.filters: [C4, C4] is not allowed, it must be a list that names each once
        data.corpus.phone_region=us ^ data.corpus.phone_region: us is not allowed, it must be a country's two letters (ISO 3166), such as US
        data.corpus.gopher_repetition.top_n_grams.x=1 ^ data.corpus.gopher_repetition.top_n_grams.x: x is not allowed, it must be a number of words below 100
        data.corpus.gopher_repetition.top_n_grams.2=20 ^ data.corpus.gopher_repetition.top_n_grams.2: 20 is not allowed, it must be a number between 0 and 1
        data.corpus.decontaminate.enabled=true ^ data.corpus.decontaminate.enabled: true is not allowed, it must be false without data.eval, data.test and data.held_out: there is nothing to compare with
        data.corpus.fineweb.line_punct=1 ^ unknown key data.corpus.fineweb.line_punct; did you mean data.corpus.fineweb.line_punct_thr?
        """)
    void namesABadKeyOfTheCorpusSection(String override, String message) {
        String where = "--set " + override.substring(0, override.indexOf('=')) + ": ";
        assertRefused(
                () -> RunConfigLoader.parse(GOOD.replace('|', '\n'), "run.yaml", List.of(override)), where + message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', textBlock = """
        data.redact.entities=[EMAIL] ^ data.redact.entities: EMAIL is not allowed, it must be one of EMAIL_ADDRESS, IBAN_CODE,
        data.redact.entities=[URL, URL] ^ data.redact.entities: [URL, URL] is not allowed, it must be a list that names each once
        data.redact.operator=delete ^ data.redact.operator: expected one of replace, mask, hash, pseudonym, date_shift, got 'delete'
        data.redact.operator=date_shift ^ data.redact.operator: date_shift is not allowed, it must be an operator for all entities: set data.redact.operators to {DATE_TIME: date_shift}
        data.redact.operators.URL=mask ^ data.redact.operators.URL: URL is not allowed, it must be an entity of data.redact.entities
        data.redact.keep=[a, a] ^ data.redact.keep: [a, a] is not allowed, it must be a list that names each once
        data.redact.person=patient ^ data.redact.person: patient is not allowed, it must be the name of a column, for the operators pseudonym and date_shift
        data.redact.phone_regions=[us] ^ data.redact.phone_regions: us is not allowed, it must be a list of countries' two letters (ISO 3166), such as [US, DE]
        data.redact.score_threshold=0.5 ^ data.redact.score_threshold: 0.5 is not allowed, it must be 0 without data.redact.model
        data.redact.model=m ^ data.redact.model: m is not allowed, it must be null without data.redact.entities
        data.redact.score_threshold=1 ^ data.redact.score_threshold: 1.0 is not allowed, it must be in [0, 1)
        """)
    void namesABadKeyOfTheRedactSection(String override, String message) {
        String where = "--set " + override.substring(0, override.indexOf('=')) + ": ";
        assertRefused(
                () -> RunConfigLoader.parse(GOOD.replace('|', '\n'), "run.yaml", List.of(override)), where + message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', textBlock = """
        {entities: [URL], operators: {URL: date_shift}} ^ data.redact.operators.URL: date_shift is not allowed, it must be one of replace, mask, hash, pseudonym, and for DATE_TIME date_shift
        {entities: [URL], operators: {URL: 1}} ^ data.redact.operators.URL: 1 is not allowed, it must be one of
        {entities: [URL], operator: hash} ^ data.redact.key_file: null is not allowed, it must be a file with a key for the operators hash, pseudonym and date_shift
        {entities: [DATE_TIME], operators: {DATE_TIME: date_shift}} ^ data.redact.key_file: null is not allowed
        {entities: [URL, PERSON]} ^ data.redact.entities: PERSON is not allowed, it must be one of EMAIL_ADDRESS
        {entities: [URL, PERSON]} ^ any other entity needs data.redact.model
        {entities: [URL], labels: {PER: PERSON}} ^ data.redact.labels: {PER=PERSON} is not allowed, it must be {} without data.redact.model
        {entities: [URL], model: '  '} ^ data.redact.model:    is not allowed, it must be the folder of a token classifier, or null
        {entities: [PERSON], model: m, labels: {PER: 1}} ^ data.redact.labels.PER: 1 is not allowed, it must be the name of an entity
        """)
    void namesABadOperator(String section, String message) {
        assertThatThrownBy(() ->
                        RunConfigLoader.parse(GOOD.replace('|', '\n'), "run.yaml", List.of("data.redact=" + section)))
                .isInstanceOf(RunException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"near_dedup: {}", "near_dedup:", "near_dedup: {threshold: 0.8}", "decontaminate: {}"})
    void rejectsAConfiguredFeatureThatIsNotSwitchedOnOrOff(String feature) {
        String yaml =
                "model: m\ntask: causal-lm\noutput: {dir: o}\ndata:\n  train: t\n  eval: e\n  corpus:\n    " + feature;
        String section = "data.corpus." + feature.substring(0, feature.indexOf(':'));

        assertRefused(
                () -> RunConfigLoader.parse(yaml, "run.yaml", List.of()),
                "run.yaml:8: " + section + ": nothing is switched on by it: set " + section
                        + ".enabled to true, or to false to keep it off");
        assertThat(RunConfigLoader.parse(yaml, "run.yaml", List.of(section + ".enabled=false"))
                        .data()
                        .corpus()
                        .isUsed())
                .isFalse();
    }

    @Test
    void rejectsSplittingByBothGroupAndTime() {
        assertRefused(
                () -> RunConfigLoader.parse(
                        GOOD.replace('|', '\n'), "run.yaml", List.of("data.split_by=user", "data.split_by_time=day")),
                "--set data.split_by_time: data.split_by_time: day is not allowed, it must be null where data.split_by"
                        + " names columns: rows of one group may be of any time");
    }

    @Test
    void rejectsBothTrainAndCorpusSources() {
        assertRefused(
                () -> RunConfigLoader.parse(
                        GOOD.replace('|', '\n'), "run.yaml", List.of("data.corpus.sources=[{path: a, weight: 1}]")),
                "run.yaml:5: data.train: t is not allowed, it must be absent where data.corpus.sources is set");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', textBlock = """
        [{path: a, weight: 0}, {path: b, weight: 0}] ^ data.corpus.sources: [0.0, 0.0] is not allowed, it must be a list of weights of which at least one is above 0
        [{path: a, weight: -1}] ^ data.corpus.sources: -1.0 is not allowed, it must be a weight of 0 or above
        [{path: a}] ^ data.corpus.sources[0].weight is missing
        [{path: a, weight: 1}, {path: ' ', weight: 1}] ^ data.corpus.sources is missing: set it
        [{path: a, weight: x}] ^ data.corpus.sources[0].weight: expected a number, got 'x'
        [{path: a, wight: 1}] ^ data.corpus.sources[0]: unknown key 'wight', it has path, weight
        [a] ^ data.corpus.sources[0]: expected a section of the keys path, weight, got 'a'
        a ^ data.corpus.sources: expected a list, got 'a'
        [] ^ run.yaml: data.train is missing
        """)
    void namesABadSource(String sources, String message) {
        String yaml = "model: m\ntask: causal-lm\noutput: {dir: o}\ndata:\n  corpus:\n    sources: " + sources;
        assertRefused(
                () -> RunConfigLoader.parse(yaml, "run.yaml", List.of()),
                message.startsWith("run.yaml") ? message : "run.yaml:6: " + message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', textBlock = """
        causal-lm ^ generation.eval_samples=2 ^ --set generation.eval_samples: generation.eval_samples: 2 is not allowed, it must be 0 unless task is sft
        classification ^ data.format=squad ^ --set data.format: data.format: squad is not allowed, it must be used with task: question-answering only
        causal-lm ^ predict.coverage=0.9 ^ --set predict.coverage: predict.coverage: 0.9 is not allowed, it must be 0 unless a text has one of several labels: task classification with one label
        embedding ^ training.privacy.target_epsilon=8 ^ --set training.privacy.target_epsilon: training.privacy.target_epsilon: 8.0 is not allowed, it must be used with another task than embedding
        classification ^ training.privacy={target_epsilon: 8, noise_multiplier: 1} ^ --set training.privacy: training.privacy.noise_multiplier: 1.0 is not allowed, it must be 0 with training.privacy.target_epsilon
        classification ^ training.privacy.target_epsilon=-1 ^ --set training.privacy.target_epsilon: training.privacy.target_epsilon: -1.0 is not allowed, it must be at least 0
        classification ^ training.privacy.delta=1 ^ --set training.privacy.delta: training.privacy.delta: 1.0 is not allowed, it must be at least 0, below 1
        preference ^ teacher.model=t ^ --set teacher.model: teacher.model: t is not allowed, it must be used with task: classification of one label for each text, causal-lm or sft only
        embedding ^ method.type=freeze ^ --set method.type: method.type: freeze is not allowed, it must be used with method.freeze_layers for task embedding, which has no head to train alone
        """)
    void rejectsSettingsThatTheTaskCannotUse(String task, String override, String message) {
        assertRefused(
                () -> RunConfigLoader.parse(GOOD.replace('|', '\n'), "run.yaml", List.of("task=" + task, override)),
                message);
    }

    @Test
    void namesAllMissingKeysAtOnce() {
        for (String empty : Arrays.asList("", "# nothing\n", "data:\n")) {
            assertRefused(
                    () -> RunConfigLoader.parse(empty, "run.yaml", List.of()),
                    "run.yaml: model, task, data.train, output.dir are missing: set in the file or with"
                            + " --set model=VALUE");
        }
        assertRefused(
                () -> RunConfigLoader.parse(GOOD.replace("m|", "' '|").replace('|', '\n'), "run.yaml", List.of()),
                "run.yaml:1: model is missing");
    }

    public static void assertRefused(ThrowingCallable load, String message) {
        RunException refused = catchThrowableOfType(RunException.class, load);
        assertThat(refused).isNotNull();
        assertThat(refused.exitCode()).isEqualTo(ExitCode.CONFIG);
        assertThat(refused.getMessage()).startsWith(message).doesNotContain("\n");
    }
}
