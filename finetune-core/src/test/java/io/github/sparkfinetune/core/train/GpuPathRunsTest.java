package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.core.tensor.CopiesOnCpu;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/** Whole runs, and numbers of {@code transformers}, on the device of a GPU over tensors of the CPU. */
@Tag("full")
@ExtendWith(CopiesOnCpu.class)
class GpuPathRunsTest {
    @Nested
    class Adapters extends AdapterRunTest {}

    @Nested
    class Bf16 extends Bf16RunTest {}

    @Nested
    class Classification extends ClassificationRunTest {}

    @Nested
    class Families extends FamiliesTest {}

    @Nested
    class LanguageModels extends LanguageModelRunTest {}

    @Nested
    class LargeTensors extends SmallPartsRunTest {}

    @Nested
    class Loftq extends LoftqRunTest {}

    @Nested
    class MaskedLm extends MaskedLmRunTest {}

    @Nested
    class Models extends ModelGoldenTest {}

    @Nested
    class Multimodal extends MultimodalRunTest {}

    @Nested
    class Peft extends PeftGoldenTest {}

    @Nested
    class Preference extends PreferenceRunTest {}

    @Nested
    class QuestionAnswering extends QuestionAnsweringRunTest {}

    @Nested
    class StagedWeights extends StagedWeightsTest {}

    @Nested
    class TokenClassification extends TokenClassificationRunTest {}

    @Nested
    class Distillation extends DistillationRunTest {}

    @Nested
    class DistillationGolden extends DistillationGoldenTest {}

    @Nested
    class Embedding extends EmbeddingRunTest {}

    @Nested
    class EmbeddingGolden extends EmbeddingGoldenTest {}

    @Nested
    class Explanations extends InfluenceTest {}

    @Nested
    class PreferenceGolden extends PreferenceGoldenTest {}

    @Nested
    class Private extends PrivateRunTest {}

    @Nested
    class PrivateGolden extends PrivateGoldenTest {}

    @Nested
    class Reranking extends RerankingRunTest {}

    @Nested
    class RerankingGolden extends RerankingGoldenTest {}

    @Nested
    class SoftLabels extends SoftLabelGoldenTest {}
}
