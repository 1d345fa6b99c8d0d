package io.github.sparkfinetune.cli;

/** The commands. */
enum Step {
    PLAN("Says what training will take: parameters, memory of a rank, steps, and what to change if it is too much."),
    PREPARE("Reads, splits and tokenizes the raw text into the dataset of the run."),
    TRAIN("Trains on the prepared dataset and writes the model; resumes where an earlier call ended."),
    EVALUATE("Measures the trained model, and a language model's base, on the held-out text."),
    PREDICT("Writes the trained model's predictions: labels of texts, or answers to prompts."),
    MERGE("Adds the trained adapter into the full-precision base model and writes a model folder."),
    RUN("prepare, train and evaluate.");

    private final String description;

    Step(String description) {
        this.description = description;
    }

    String description() {
        return description;
    }

    String command() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
