"""Writes verdicts.jsonl: what datatrove's filters say of made-up documents, and spaCy's words of tricky sentences.

Run with datatrove[processing] and spacy: python make_verdicts.py > verdicts.jsonl
"""

import json
import random

from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.utils.text import split_into_words

FILTERS = {
    "gopher_quality": GopherQualityFilter(),
    "gopher_repetition": GopherRepetitionFilter(),
    "c4": C4QualityFilter(),
    "fineweb": FineWebQualityFilter(),
}
SENTENCES = [
    'Mr. Smith didn\'t go to the U.S. in 3.5 days... He said: "ok." (well-known/other)',
    "foo@bar.com http://a.b/c?d=e www.example.com/a-b, 10km I'm e.g. here—there x<y a,b 5-6 end.Next",
    "It's 10am; they’ll've gone, wouldn't they? Cannot, gonna, y'all: dont cant im id its were well.",
    '£5.50 US$20 20€ 5% 100m. 30kmh 3m² -5 +5 5+3 2^8 a--b c---d e——f g~h A.B. a.B "x".Y',
    "(((nested))) [1] [edit] {x} <tag> _under_ #hash *star* &amp; 50°C. 20°F; ©2020 ☃snow man☃",
    ":) (: :-( ): 8) ;) xD <3 '' ` `` ''quoted'' \"'\" “smart” ‘single’ «french» „german“",
    "and/or w/o C++ o'clock ma'am rock'n'roll O'Neil's James' the '90s 'twas",
    "word.word Word.Word WORD.WORD 1.2.3.4 v1.2 a.m. p.m. i.e. etc. Inc. e.V. z.B.",
    "naïve café Ångström Übung straße ﬁne １２３ ＡＢＣ 日本語。テスト Привет, мир. हिन्दी।",
    "a,b c:d e/f g=h 1,000 1:30 1/2 x=1 path/to/file C:\\dir ../up .hidden .. ... .... ?! !!",
    "https://user:pw@host.example.org:8080/p?q#f mailto:a@b.co ftp://x.yz 192.168.0.1:80 a_b.cd",
    "tabs\tand\u00a0nbsp\u3000wide  double\n\nlines\r\nend \u2028 sep",
    "\U0001f600 emoji\U0001f600mix \U0001d54f math \U00011141 \u200bzero\u200b",
]
WORDS = (
    "the be to of and that have with river stone report market season council player company minister court record "
    "growth battle silver garden winter travel machine letter number system public energy history science"
).split()


def sentence(draw, words):
    return " ".join(draw.choice(WORDS) for _ in range(words)).capitalize()


def document(seed):
    draw = random.Random(seed)
    lines = [". ".join(sentence(draw, draw.randint(4, 12)) for _ in range(draw.randint(1, 4))) for _ in range(9)]
    lines = [line + "." for line in lines]
    kind = seed % 20
    some = draw.random()
    if kind == 1:
        lines = lines[: draw.randint(1, 4)]
    elif kind == 2:
        lines = [("- " if draw.random() < 0.92 else "") + line for line in lines]
    elif kind == 3:
        lines = [line[:-1] + ("..." if draw.random() < 0.3 else ".") for line in lines]
    elif kind == 4:
        lines += [draw.choice(lines)] * draw.randint(1, 6)
    elif kind == 5:
        lines = lines[:3] + [sentence(draw, 3)] * draw.randint(1, 12)
    elif kind == 6:
        lines = [line if draw.random() < 0.12 else line.rstrip(".") for line in lines]
    elif kind == 7:
        lines = [part for line in lines for part in line.replace(". ", ".\n").split("\n")]
    elif kind == 8:
        lines = [" ".join(line.split()[: draw.randint(1, 5)]) + "." for line in lines]
    elif kind == 9:
        lines = [line.replace(" the ", " # ").replace(" of ", " # ").replace(" and ", " … ") for line in lines]
    elif kind == 10:
        lines = [" ".join("12" if draw.random() < some / 2 else word for word in line.split()) for line in lines]
    elif kind == 11:
        lines = [" ".join(word for word in line.split() if word.lower() not in WORDS[:8]) + "." for line in lines]
    elif kind == 12:
        lines = [" ".join(word * 3 if draw.random() < some else word for word in line.split()) for line in lines]
    elif kind == 13:
        lines = ["".join(word[0] if draw.random() < some else word + " " for word in line.split()) for line in lines]
    elif kind == 14:
        lines[3] = draw.choice(["Lorem Ipsum dolor.", "function() { return; }.", "Please enable JavaScript now."])
    elif kind == 15:
        lines = [line + draw.choice(["[1]", "[citation needed]", "", "[edit]"]) for line in lines]
        lines[5] = "Read our Privacy Policy and the terms of use. " + lines[5]
        lines[6] = "a" * draw.randint(999, 1002) + " is a long word."
    elif kind == 16:
        phrase = sentence(draw, 6)
        lines = [line + " " + phrase + "." for line in lines[: draw.randint(2, 7)]] + lines[7:]
    elif kind == 17:
        lines = [" ".join([draw.choice(WORDS)] * draw.randint(2, 5)) + " " + line for line in lines]
    elif kind == 18:
        lines = [line + draw.choice(["\r", "\u2028" + line, "\u0085", ""]) for line in lines]
    elif kind == 19:
        lines = [line.replace(". ", draw.choice(["。", "? ", "! ", " . ", "; "])) for line in lines]
    ends = {4: "\n\n", 16: "\n\n\n"}.get(kind, "\n")
    return draw.choice(["", "\n", "  "]) + ends.join(lines) + draw.choice(["", "\n", "\n\n"])


def verdicts(text):
    found = {"text": text}
    for name, rules in FILTERS.items():
        document = Document(text=text, id="")
        verdict = rules.filter(document)
        found[name] = None if verdict is True else verdict[1]
        if name == "c4" and verdict is True:
            found["c4_length"] = len(document.text)
            found["c4_lines"] = document.text.count("\n") + 1
    return found


for text in SENTENCES:
    print(json.dumps({"text": text, "words": split_into_words(text)}))
for seed in range(80):
    print(json.dumps(verdicts(document(seed))))
