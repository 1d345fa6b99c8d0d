package io.github.sparkfinetune.core.task.language;

/** What tasks share that make a model find given answers likelier, or less likely, than it did before. */
abstract class AnswerTask extends DecoderTask {
    /** Of published recipes, 5e-7 to 5e-6. */
    @Override
    public double highestUsualLearningRate() {
        return 5e-6;
    }

    /** TRL's default. */
    @Override
    public double usualLearningRate() {
        return 1e-6;
    }
}
