package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/** Metrics of every kind, of random samples that are the same in each run. */
public final class RandomMetrics {
    private static final List<String> LABELS = List.of("B-PER", "I-PER", "B-LOC", "I-LOC", "O");
    private static final List<String> WORDS = List.of("the", "red", "fox", "blue", "dog", "a", "");

    /** A kind of metrics that counts random samples. */
    public enum Kind {
        TWO_CLASSES {
            @Override
            void add(Metrics metrics, Random random) {
                ((ClassificationMetrics) metrics).add(random.nextInt(2), logits(random, 2));
            }
        },
        FIVE_CLASSES {
            @Override
            void add(Metrics metrics, Random random) {
                ((ClassificationMetrics) metrics).add(random.nextInt(4), logits(random, 5));
            }
        },
        /** More classes than a confusion matrix shows. */
        MANY_CLASSES {
            @Override
            void add(Metrics metrics, Random random) {
                ((ClassificationMetrics) metrics).add(random.nextInt(20_000), logits(random, 20_000));
            }
        },
        MULTI_LABEL {
            @Override
            void add(Metrics metrics, Random random) {
                boolean[] truth = new boolean[LABELS.size()];
                // The last label never occurs.
                for (int i = 0; i < truth.length - 1; i++) {
                    truth[i] = random.nextInt(3) == 0;
                }
                ((MultiLabelMetrics) metrics).add(truth, logits(random, truth.length));
            }
        },
        REGRESSION {
            @Override
            void add(Metrics metrics, Random random) {
                double truth = random.nextInt(6);
                ((RegressionMetrics) metrics).add(truth, truth + random.nextInt(4) / 2.0);
            }
        },
        TAGS {
            @Override
            void add(Metrics metrics, Random random) {
                int tags = 1 + random.nextInt(8);
                ((SequenceLabelingMetrics) metrics)
                        .add(picked(random, LABELS, tags), picked(random, LABELS, tags), random.nextDouble());
            }
        },
        ANSWERS {
            @Override
            void add(Metrics metrics, Random random) {
                List<String> golds = random.nextInt(3) == 0 ? List.of() : picked(random, WORDS, 2);
                QuestionAnsweringMetrics answers = (QuestionAnsweringMetrics) metrics;
                answers.add(
                        SquadScore.of(String.join(" ", picked(random, WORDS, 3)), golds), random.nextInt(20) - 10.0);
                answers.addWindows(random.nextDouble(), 1 + random.nextInt(2));
            }
        },
        TEXT {
            @Override
            void add(Metrics metrics, Random random) {
                LanguageModelMetrics text = (LanguageModelMetrics) metrics;
                text.addTokens(random.nextDouble(), random.nextInt(5));
                text.addAnswer(random.nextDouble(), random.nextDouble(), random.nextDouble());
            }
        },
        MASKED_TOKENS {
            @Override
            void add(Metrics metrics, Random random) {
                ((MaskedLanguageModelMetrics) metrics).add(random.nextDouble(), 5, random.nextInt(5));
            }
        },
        PAIRS {
            @Override
            void add(Metrics metrics, Random random) {
                ((PreferenceMetrics) metrics)
                        .add(
                                random.nextDouble(),
                                random.nextInt(3),
                                random.nextInt(3),
                                -random.nextDouble(),
                                -random.nextDouble());
            }
        },
        RANKED_DOCUMENTS {
            @Override
            void add(Metrics metrics, Random random) {
                RerankingMetrics documents = (RerankingMetrics) metrics;
                documents.add("query " + random.nextInt(5), random.nextDouble(), random.nextInt(4) / 3.0);
                documents.add(random.nextDouble());
            }
        };

        abstract void add(Metrics metrics, Random random);

        /** Returns metrics without samples. */
        public Metrics none() {
            return switch (this) {
                case TWO_CLASSES -> new ClassificationMetrics(names(2));
                case FIVE_CLASSES -> new ClassificationMetrics(names(5));
                case MANY_CLASSES -> new ClassificationMetrics(names(20_000));
                case MULTI_LABEL -> new MultiLabelMetrics(LABELS);
                case REGRESSION -> new RegressionMetrics();
                case TAGS -> new SequenceLabelingMetrics(LABELS);
                case ANSWERS -> new QuestionAnsweringMetrics(0);
                case TEXT -> new LanguageModelMetrics();
                case MASKED_TOKENS -> new MaskedLanguageModelMetrics();
                case PAIRS -> new PreferenceMetrics();
                case RANKED_DOCUMENTS -> new RerankingMetrics();
            };
        }

        /** Counts the random sample that the number selects. */
        public void add(Metrics metrics, long sample) {
            add(metrics, new Random(sample));
        }
    }

    private RandomMetrics() {}

    /** Returns names of labels. */
    static List<String> names(int labels) {
        return IntStream.range(0, labels).mapToObj(id -> "label " + id).toList();
    }

    /** Asserts that two metrics are equal except for the rounding of sums. */
    public static void assertSame(Map<String, Double> actual, Map<String, Double> expected) {
        assertThat(actual.keySet()).containsExactlyElementsOf(expected.keySet());
        expected.forEach((name, value) -> assertThat(actual.get(name)).as(name).isCloseTo(value, within(1e-12)));
    }

    /** Returns random logits of few distinct values, so that some are equal. */
    private static float[] logits(Random random, int size) {
        float[] logits = new float[size];
        for (int i = 0; i < size; i++) {
            logits[i] = random.nextInt(9) - 4;
        }
        return logits;
    }

    private static List<String> picked(Random random, List<String> from, int size) {
        return random.ints(size, 0, from.size()).mapToObj(from::get).toList();
    }
}
