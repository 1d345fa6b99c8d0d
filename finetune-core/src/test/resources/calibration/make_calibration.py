"""Makes calibration.json: netcal 1.4 and MAPIE 1.6 on logits of an overconfident classifier.

python3 make_calibration.py > calibration.json
"""

import json
import sys

import numpy as np
from mapie.conformity_scores import LACConformityScore
from netcal.metrics import ECE
from netcal.scaling import TemperatureScaling

CLASSES = 4
BINS = 15
TOLERANCE = 1e-8
COVERAGES = (0.5, 0.8, 0.9, 0.97)


def softmax(logits):
    e = np.exp(logits - logits.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def drawn(random, rows):
    """Returns the logits of a classifier that is too sure, and the labels."""
    true = random.normal(0, 1.5, (rows, CLASSES))
    p = softmax(true)
    labels = [random.choice(CLASSES, p=row) for row in p]
    return (3 * true + random.normal(0, 0.5, true.shape)).astype(np.float32), np.array(labels)


def cumulated(p):
    """Returns for each label the sum of the probabilities that are as large or larger."""
    order = np.argsort(-p, axis=1, kind="stable")
    sums = np.cumsum(np.take_along_axis(p, order, 1), 1)
    out = np.empty_like(p)
    np.put_along_axis(out, order, sums, 1)
    return out


def main():
    random = np.random.default_rng(7)
    logits, labels = drawn(random, 400)
    other, other_labels = drawn(random, 200)
    p = softmax(logits.astype(np.float64))
    scaling = TemperatureScaling(method="mle")
    scaling.fit(p, labels)
    # netcal multiplies logits by its weight.
    temperature = 1 / float(np.ravel(scaling.temperature)[0])
    calibrated = softmax(logits.astype(np.float64) / temperature)
    others = softmax(other.astype(np.float64) / temperature)
    rank = [int(np.ceil((len(labels) + 1) * coverage)) for coverage in COVERAGES]
    score = LACConformityScore()
    lac = score.get_conformity_scores(labels, calibrated, y_enc=labels)
    quantiles = score.get_conformity_score_quantiles(lac, np.array([1 - c for c in COVERAGES]), cv="prefit")
    score.quantiles_ = quantiles
    repeated = np.repeat(others[:, :, None], len(COVERAGES), axis=2)
    sets = score.get_prediction_sets(repeated, lac, np.array([1 - c for c in COVERAGES]), cv="prefit")
    adaptive = np.sort(cumulated(calibrated)[np.arange(len(labels)), labels])
    ends = [float(adaptive[k - 1]) for k in rank]
    sums = cumulated(others)
    top = others == others.max(1, keepdims=True)
    json.dump(
        {
            "logits": logits.tolist(),
            "labels": labels.tolist(),
            "other_logits": other.tolist(),
            "other_labels": other_labels.tolist(),
            "temperature": temperature,
            "ece": float(ECE(BINS).measure(p, labels)),
            "ece_calibrated": float(ECE(BINS).measure(calibrated, labels)),
            "coverages": COVERAGES,
            "lac_quantiles": np.ravel(quantiles).tolist(),
            "lac_sets": [np.argwhere(row).ravel().tolist() for k in range(len(COVERAGES)) for row in sets[:, :, k]],
            "aps_quantiles": ends,
            "aps_sets": [
                np.argwhere(row).ravel().tolist() for end in ends for row in ((sums <= end + TOLERANCE) | top)
            ],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
