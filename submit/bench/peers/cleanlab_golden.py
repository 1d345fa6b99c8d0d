"""Writes cleanlab's issues and margins of fixed probabilities: cleanlab_golden.py FILE.json"""

import json
import pathlib
import random
import sys

import numpy
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

ROWS = 60
LABELS = 4

draws = random.Random(7)
rows = [[draws.random() ** 3 for _ in range(LABELS)] for _ in range(ROWS)]
probabilities = numpy.array([[round(value / sum(row), 6) for value in row] for row in rows])
given = numpy.array([draws.randrange(LABELS) if draws.random() < 0.4 else int(row.argmax()) for row in probabilities])
issues = find_label_issues(given, probabilities, filter_by="confident_learning")
margins = get_label_quality_scores(given, probabilities, method="normalized_margin", adjust_pred_probs=False)
golden = {
    "probabilities": probabilities.tolist(),
    "given": given.tolist(),
    "issues": issues.tolist(),
    # cleanlab moves margins from [-1, 1] to [0, 1].
    "margins": [2 * float(margin) - 1 for margin in margins],
}
pathlib.Path(sys.argv[1]).write_text(json.dumps(golden) + "\n")
print(int(issues.sum()), "issues")
