package io.github.sparkfinetune.core.task.language;

/** Base of tasks that make answers of the data more or less probable. */
abstract class AnswerTask extends DecoderTask {
    /** Returns the highest rate of published recipes, which have 5e-7 to 5e-6. */
    @Override
    public double highestUsualLearningRate() {
        return 5e-6;
    }
}
