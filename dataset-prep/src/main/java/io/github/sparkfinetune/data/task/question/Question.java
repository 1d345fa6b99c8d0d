package io.github.sparkfinetune.data.task.question;

import java.io.Serializable;

/**
 * A cleaned question.
 *
 * @param row texts of the question
 * @param start start of the trained answer, the first one, in the context, in UTF-16 units; -1 if there is none
 * @param end end of the trained answer, exclusive; -1 if there is none
 */
record Question(QuestionRow row, int start, int end) implements Serializable {}
