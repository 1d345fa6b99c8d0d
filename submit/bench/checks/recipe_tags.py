"""Scores of tagged words, counting entities as seqeval's default does."""


def entities(tags):
    """Returns the spans of IOB2 tags as (type, start, end); a stray I- begins an entity."""
    spans, start, kind = set(), 0, None
    for place, tag in enumerate([*tags, "O"]):
        prefix, _, name = tag.partition("-")
        if kind is not None and (prefix != "I" or name != kind):
            spans.add((kind, start, place))
            kind = None
        if prefix in ("B", "I") and kind is None:
            kind, start = name, place
    return spans


def tag_score(metric, predictions):
    """Returns F1 of the entities, or accuracy of the tags.

    predictions: for each text the predicted and the true tags
    """
    if metric == "accuracy":
        pairs = [pair for tags in predictions for pair in zip(*tags, strict=True)]
        return sum(a == b for a, b in pairs) / len(pairs)
    found = [(entities(tags), entities(true)) for tags, true in predictions]
    right = sum(len(a & b) for a, b in found)
    both = sum(len(a) + len(b) for a, b in found)
    return 2 * right / both if both else 0.0
