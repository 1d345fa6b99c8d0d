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
    class Sharded extends ShardedRunTest {}

    @Nested
    class StagedWeights extends StagedWeightsTest {}

    @Nested
    class StoredTypes extends StoredTypesTest {}

    @Nested
    class TokenClassification extends TokenClassificationRunTest {}
}
