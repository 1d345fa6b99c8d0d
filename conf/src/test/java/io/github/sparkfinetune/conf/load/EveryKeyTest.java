package io.github.sparkfinetune.conf.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.ClassWeight;
import io.github.sparkfinetune.conf.ClassificationConfig;
import io.github.sparkfinetune.conf.ClassificationConfig.ProblemType;
import io.github.sparkfinetune.conf.ClusterConfig;
import io.github.sparkfinetune.conf.ColumnNames;
import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.EmbeddingConfig;
import io.github.sparkfinetune.conf.GenerationConfig;
import io.github.sparkfinetune.conf.MaskedLmConfig;
import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.MethodConfig.LoraBias;
import io.github.sparkfinetune.conf.ModuleNames;
import io.github.sparkfinetune.conf.OutputConfig;
import io.github.sparkfinetune.conf.Overlong;
import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.conf.PredictConfig;
import io.github.sparkfinetune.conf.PreferenceConfig;
import io.github.sparkfinetune.conf.PrivacyConfig;
import io.github.sparkfinetune.conf.QuestionAnsweringConfig;
import io.github.sparkfinetune.conf.RerankingConfig;
import io.github.sparkfinetune.conf.RewardConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.DeviceChoice;
import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.TeacherConfig;
import io.github.sparkfinetune.conf.TokenizerConfig;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.conf.TrainingConfig.LrSchedulerType;
import io.github.sparkfinetune.conf.TrainingConfig.Optim;
import io.github.sparkfinetune.conf.TrainingConfig.ReportTo;
import io.github.sparkfinetune.conf.UnpairedPreferenceConfig;
import io.github.sparkfinetune.conf.corpus.C4Config;
import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import io.github.sparkfinetune.conf.corpus.CorpusConfig.Filter;
import io.github.sparkfinetune.conf.corpus.CorpusConfig.Masking;
import io.github.sparkfinetune.conf.corpus.CorpusConfig.Normalization;
import io.github.sparkfinetune.conf.corpus.CorpusConfig.StoppingStrategy;
import io.github.sparkfinetune.conf.corpus.FinewebConfig;
import io.github.sparkfinetune.conf.corpus.GopherQualityConfig;
import io.github.sparkfinetune.conf.corpus.GopherRepetitionConfig;
import io.github.sparkfinetune.conf.redact.RedactConfig;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Reads a file that sets every key to a value other than its default. */
class EveryKeyTest {
    @Test
    void readsEveryKey() {
        RunConfig config = RunConfigLoader.parse("""
                model: hdfs://nn/m
                task: classification
                device: cpu
                precision: bf16
                data:
                  eval: s3a://b/eval.csv
                  test: s3a://b/test.csv
                  held_out: {general: s3a://b/general.csv}
                  format: csv
                  encoding: windows-1252
                  multiline: true
                  text: body
                  text_pair: 2
                  label: no
                  eval_fraction: .25
                  test_fraction: 0.125
                  split_by: [user, thread]
                  split_by_time: null
                  max_length: 64
                  stride: 21
                  max_text_bytes: 1_000
                  max_bad_fraction: 0.5
                  deduplicate: true
                  strict: true
                  shards: 3
                  seed: 7
                  generation: 5
                  subject: patient
                  subject_key_file: key
                  incremental: false
                  chat_template: c.jinja
                  assistant_only_loss: false
                  packing: bfd
                  overlong: drop
                  dir: d
                  redact:
                    entities: [EMAIL_ADDRESS, DATE_TIME, ORGANIZATION]
                    operator: pseudonym
                    operators: {DATE_TIME: date_shift}
                    keep: [info@example.com, "2020"]
                    phone_regions: [FR]
                    key_file: hdfs://nn/key
                    person: patient
                    model: s3a://b/tagger
                    labels: {PROVIDER: ORGANIZATION}
                    score_threshold: 0.5
                  corpus:
                    sources: [{path: "s3a://b/train.csv", weight: 0.9}, {weight: 1, path: general}]
                    stopping_strategy: all_exhausted
                    normalize: nfkc
                    mask: [phone, email]
                    phone_region: DE
                    filters: [c4, fineweb]
                    gopher_quality:
                      min_doc_words: 1
                      max_doc_words: 2
                      min_avg_word_length: 3.5
                      max_avg_word_length: 4
                      max_symbol_word_ratio: 0.5
                      max_bullet_lines_ratio: 0.6
                      max_ellipsis_lines_ratio: 0.7
                      min_alpha_words_ratio: 0.75
                      min_stop_words: 9
                      stop_words: [der, die]
                    gopher_repetition:
                      dup_line_frac: 0.01
                      dup_para_frac: 0.02
                      dup_line_char_frac: 0.03
                      dup_para_char_frac: 0.04
                      top_n_grams: {2: 0.05}
                      dup_n_grams: {5: 0, 11: 0.06}
                    c4:
                      remove_citations: false
                      filter_no_terminal_punct: false
                      min_num_sentences: 1
                      min_words_per_line: 2
                      max_word_length: 4
                      filter_lorem_ipsum: false
                      filter_javascript: false
                      filter_curly_bracket: false
                      filter_policy: false
                    fineweb:
                      line_punct_thr: 0.1
                      line_punct_exclude_zero: true
                      short_line_thr: 0.2
                      short_line_length: 3
                      char_duplicates_ratio: 0.4
                      new_line_ratio: 5
                    near_dedup: {enabled: true, ngram: 1, bands: 2, rows: 3, threshold: 0.4}
                    decontaminate: {enabled: true, ngram: 5}
                    quarantine: q
                tokenizer:
                  add_special_tokens: ["<a>", "<b>"]
                teacher: {weight: 0.75, temperature: 2.5, top_k: 20}
                classification:
                  problem_type: multi_label_classification
                  class_weight: {no: 2, "1": .5, a.b: 1e-1}
                question_answering:
                  question: q
                  context: c
                  answers: a
                  version_2_with_negative: true
                  n_best_size: 21
                  max_answer_length: 22
                  pad_to_max_length: true
                method:
                  type: qlora
                  adapter: hdfs://nn/a
                  r: 4
                  lora_alpha: 32
                  target_modules: [q_proj, v_proj]
                  lora_dropout: 0.05
                  bias: lora_only
                  modules_to_save: [score]
                  trainable_token_indices: [7, 3]
                  use_rslora: true
                  use_dora: true
                  init_lora_weights: gaussian
                  rank_pattern: {"model.layers.0.self_attn.q_proj": 2, "^v": 3}
                  alpha_pattern: {v_proj: 1.5}
                  layers_to_transform: [0, 2]
                  bnb_4bit_use_double_quant: false
                training:
                  num_train_epochs: 3
                  max_steps: 100
                  per_device_train_batch_size: 4
                  per_device_eval_batch_size: 5
                  gradient_accumulation_steps: 6
                  learning_rate: 1e-4
                  lr_scheduler_type: cosine_with_min_lr
                  lr_scheduler_kwargs: {min_lr_rate: 0.1, num_cycles: 2}
                  warmup_ratio: 0.2
                  warmup_steps: 8
                  weight_decay: 0.01
                  l2_sp: 0
                  layerwise_lr_decay: 0.9
                  loraplus_lr_ratio: 16
                  optim: adamw_8bit
                  adam_beta1: 0.8
                  adam_beta2: 0.99
                  adam_epsilon: 1E-6
                  max_grad_norm: 2
                  neftune_noise_alpha: 5
                  privacy: {target_epsilon: 0, noise_multiplier: 0, delta: 1e-6, max_grad_norm: null, public_sample: general}
                  gradient_checkpointing: true
                  seed: 9
                  logging_steps: 10
                  eval_steps: 11
                  eval_max_samples: 99
                  save_steps: 12
                  save_minutes: 0.5
                  save_total_limit: 13
                  keep_checkpoints_every: 0.25
                  early_stopping_patience: 14
                  metric_for_best_model: f1_macro
                  report_to: [mlflow, tensorboard]
                  run_name: mails
                  registered_model_name: mails
                masked_lm: {mlm_probability: 0.3, whole_word_mask: true}
                preference:
                  {beta: 0.4, loss_type: robust, label_smoothing: 0.2, reference_free: true, simpo_gamma: 0.6, rpo_alpha: 0.7}
                unpaired_preference:
                  {beta: 0.5, loss_type: apo_zero_unpaired, desirable_weight: 1.5, undesirable_weight: 0.5}
                reward: {center_rewards_coefficient: 0.01}
                embedding: {loss: multiple_negatives_ranking, scale: 30, pooling: cls, matryoshka_dims: [64, 32],
                  negative: others, num_negatives: 2, query_prompt: "query: ", document_prompt: "passage: ",
                  predict_as: query}
                reranking: {loss: list_net, pos_weight: 1.0, negative: others, num_negatives: 7}
                generation:
                  max_new_tokens: 17
                  do_sample: true
                  temperature: 0.7
                  top_k: 18
                  top_p: 0.9
                  repetition_penalty: 1.1
                  prompt_lookup_num_tokens: 3
                  eval_samples: 19
                predict:
                  precision: fp32
                  coverage: 0
                  conformity_score: aps
                cluster:
                  ranks: 4
                  port: 7000
                  bind_address: 0.0.0.0
                  timeout_seconds: 15
                  start_timeout_seconds: 16
                  shared_filesystem: true
                  shard: gradients
                  collective: tcp
                output: {dir: out, dtype: bfloat16}
                """, "run.yaml", List.of());

        DataConfig data = new DataConfig(
                /* train= */ null,
                /* eval= */ "s3a://b/eval.csv",
                /* test= */ "s3a://b/test.csv",
                /* heldOut= */ Map.of("general", "s3a://b/general.csv"),
                /* format= */ DataFormat.CSV,
                /* encoding= */ "windows-1252",
                /* multiline= */ true,
                /* text= */ "body",
                /* textPair= */ "2",
                /* label= */ "no",
                /* evalFraction= */ 0.25,
                /* testFraction= */ 0.125,
                /* splitBy= */ ColumnNames.of(List.of("user", "thread")),
                /* splitByTime= */ null,
                /* maxTextBytes= */ 1000,
                /* maxBadFraction= */ 0.5,
                /* deduplicate= */ true,
                /* strict= */ true,
                /* maxLength= */ 64,
                /* stride= */ 21,
                /* packing= */ Packing.BFD,
                /* overlong= */ Overlong.DROP,
                /* chatTemplate= */ "c.jinja",
                /* assistantOnlyLoss= */ false,
                /* dir= */ "d",
                /* shards= */ 3,
                /* seed= */ 7,
                /* incremental= */ false,
                /* generation= */ 5,
                /* subject= */ "patient",
                /* subjectKeyFile= */ "key",
                /* redact= */ new RedactConfig(
                        List.of("EMAIL_ADDRESS", "DATE_TIME", "ORGANIZATION"),
                        RedactConfig.Operator.PSEUDONYM,
                        Map.of("DATE_TIME", "date_shift"),
                        List.of("info@example.com", "2020"),
                        List.of("FR"),
                        "hdfs://nn/key",
                        "patient",
                        "s3a://b/tagger",
                        Map.of("PROVIDER", "ORGANIZATION"),
                        0.5),
                /* corpus= */ new CorpusConfig(
                        List.of(
                                new CorpusConfig.Source("s3a://b/train.csv", 0.9),
                                new CorpusConfig.Source("general", 1)),
                        StoppingStrategy.ALL_EXHAUSTED,
                        Normalization.NFKC,
                        List.of(Masking.PHONE, Masking.EMAIL),
                        "DE",
                        List.of(Filter.C4, Filter.FINEWEB),
                        "q",
                        new GopherQualityConfig(1, 2, 3.5, 4, 0.5, 0.6, 0.7, 0.75, 9, List.of("der", "die")),
                        new GopherRepetitionConfig(
                                0.01,
                                0.02,
                                0.03,
                                0.04,
                                Map.of("2", 0.05, "3", 0.18, "4", 0.16),
                                // Keys missing from a map keep their defaults.
                                Map.of("5", 0.0, "6", 0.14, "7", 0.13, "8", 0.12, "9", 0.11, "10", 0.1, "11", 0.06)),
                        new C4Config(false, false, 2, 4, false, false, 1, false, false),
                        new FinewebConfig(0.1, true, 0.2, 3, 0.4, 5),
                        new CorpusConfig.NearDedup(true, 1, 2, 3, 0.4),
                        new CorpusConfig.Decontaminate(true, 5)));
        MethodConfig method = new MethodConfig(
                /* type= */ MethodConfig.Type.QLORA,
                /* freezeLayers= */ null,
                /* adapter= */ "hdfs://nn/a",
                /* r= */ 4,
                /* loraAlpha= */ 32,
                /* loraDropout= */ 0.05,
                /* bias= */ LoraBias.LORA_ONLY,
                /* useRslora= */ true,
                /* useDora= */ true,
                /* initLoraWeights= */ "gaussian",
                /* targetModules= */ ModuleNames.of(List.of("q_proj", "v_proj")),
                /* rankPattern= */ Map.of("model.layers.0.self_attn.q_proj", 2, "^v", 3),
                /* alphaPattern= */ Map.of("v_proj", 1.5),
                /* layersToTransform= */ List.of(0, 2),
                /* modulesToSave= */ List.of("score"),
                /* trainableTokenIndices= */ List.of(7, 3),
                /* bnb4bitUseDoubleQuant= */ false);
        TrainingConfig training = new TrainingConfig(
                /* numTrainEpochs= */ 3,
                /* maxSteps= */ 100,
                /* perDeviceTrainBatchSize= */ 4,
                /* perDeviceEvalBatchSize= */ 5,
                /* gradientAccumulationSteps= */ 6,
                /* gradientCheckpointing= */ true,
                /* learningRate= */ 1e-4,
                /* lrSchedulerType= */ LrSchedulerType.COSINE_WITH_MIN_LR,
                /* lrSchedulerKwargs= */ Map.of("min_lr_rate", 0.1, "num_cycles", 2),
                /* warmupRatio= */ 0.2,
                /* warmupSteps= */ 8,
                /* layerwiseLrDecay= */ 0.9,
                /* loraplusLrRatio= */ 16.0,
                /* optim= */ Optim.ADAMW_8BIT,
                /* adamBeta1= */ 0.8,
                /* adamBeta2= */ 0.99,
                /* adamEpsilon= */ 1e-6,
                /* weightDecay= */ 0.01,
                /* maxGradNorm= */ 2.0,
                /* l2Sp= */ 0.0,
                /* neftuneNoiseAlpha= */ 5.0,
                /* privacy= */ new PrivacyConfig(0, 0, 1e-6, null, "general"),
                /* seed= */ 9,
                /* evalSteps= */ 11,
                /* evalMaxSamples= */ 99,
                /* earlyStoppingPatience= */ 14,
                /* metricForBestModel= */ "f1_macro",
                /* saveSteps= */ 12,
                /* saveMinutes= */ 0.5,
                /* saveTotalLimit= */ 13,
                /* keepCheckpointsEvery= */ 0.25,
                /* loggingSteps= */ 10,
                /* reportTo= */ List.of(ReportTo.MLFLOW, ReportTo.TENSORBOARD),
                /* runName= */ "mails",
                /* registeredModelName= */ "mails");
        RunConfig expected = new RunConfig(
                "hdfs://nn/m",
                new TokenizerConfig(List.of("<a>", "<b>")),
                new TeacherConfig(null, 0.75, 2.5, 20),
                Task.CLASSIFICATION,
                data,
                method,
                training,
                new ClassificationConfig(
                        ProblemType.MULTI_LABEL_CLASSIFICATION,
                        ClassWeight.of(Map.of("no", 2.0, "1", 0.5, "a.b", 0.1))),
                new QuestionAnsweringConfig("q", "c", "a", true, 21, 22, true),
                new MaskedLmConfig(0.3, true),
                new PreferenceConfig(0.4, PreferenceConfig.LossType.ROBUST, 0.2, true, 0.6, 0.7),
                new UnpairedPreferenceConfig(0.5, UnpairedPreferenceConfig.LossType.APO_ZERO_UNPAIRED, 1.5, 0.5),
                new RewardConfig(0.01),
                new EmbeddingConfig(
                        EmbeddingConfig.Loss.MULTIPLE_NEGATIVES_RANKING,
                        30,
                        EmbeddingConfig.Pooling.CLS,
                        List.of(64, 32),
                        "others",
                        2,
                        "query: ",
                        "passage: ",
                        EmbeddingConfig.Side.QUERY),
                new RerankingConfig(RerankingConfig.Loss.LIST_NET, 1, "others", 7),
                new GenerationConfig(17, true, 0.7, 18, 0.9, 1.1, 3, 19),
                DeviceChoice.CPU,
                PrecisionChoice.BF16,
                new PredictConfig(PredictConfig.PredictPrecision.FP32, 0, PredictConfig.ConformityScore.APS),
                new ClusterConfig(
                        4,
                        7000,
                        "0.0.0.0",
                        15,
                        16,
                        true,
                        ClusterConfig.Shard.GRADIENTS,
                        ClusterConfig.CollectiveChoice.TCP),
                new OutputConfig("out", OutputConfig.Dtype.BFLOAT16));
        assertThat(config).isEqualTo(expected);
        assertThat(RunConfigLoader.parse(RunConfigLoader.toYaml(config), "run.yaml", List.of()))
                .isEqualTo(expected);
    }
}
