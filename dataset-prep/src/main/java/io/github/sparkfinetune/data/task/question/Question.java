package io.github.sparkfinetune.data.task.question;

import java.io.Serializable;

/**
 * A cleaned question.
 *
 * @param row its texts
 * @param start where the answer that is trained, the first one, begins in the context, in UTF-16 units; -1 for none
 * @param end where it ends, exclusive; -1 for none
 */
record Question(QuestionRow row, int start, int end) implements Serializable {}
