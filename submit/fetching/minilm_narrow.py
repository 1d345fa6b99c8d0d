"""A BERT of two layers and 128 hidden units with MiniLM's embeddings, 4 million parameters, to train for one task."""

import minilm_2

TARGET = "models/minilm-narrow"


def fetch(target):
    minilm_2.make(target, 128)
