"""Writes spans.json: texts from the templates of presidio-evaluator, with the spans of presidio-analyzer's rules.

make_spans.py COUNT FILE writes COUNT texts; spans.json has 1000. Needs presidio-analyzer 2.2.366, presidio-evaluator
0.3.2, and phonenumbers 8.13.55, which has the numbering plans of the Java library. A span counts if its rule alone
gives it 0.4 or more, without context words. Overlapping spans become one span, which the longest names; of equal
spans the earlier entity of ENTITIES. Places are code points.
"""

import json
import pathlib
import random
import sys

from faker import Faker
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    CryptoRecognizer,
    DateRecognizer,
    DeTaxIdRecognizer,
    EmailRecognizer,
    EsNieRecognizer,
    EsNifRecognizer,
    IbanRecognizer,
    InAadhaarRecognizer,
    InPanRecognizer,
    IpRecognizer,
    ItFiscalCodeRecognizer,
    ItVatCodeRecognizer,
    NhsRecognizer,
    PhoneRecognizer,
    PlPeselRecognizer,
    UkNinoRecognizer,
    UrlRecognizer,
    UsItinRecognizer,
    UsSsnRecognizer,
)
from presidio_evaluator.data_generator import PresidioSentenceFaker

ENTITIES = {
    "EMAIL_ADDRESS": EmailRecognizer,
    "IBAN_CODE": IbanRecognizer,
    "CREDIT_CARD": CreditCardRecognizer,
    "CRYPTO": CryptoRecognizer,
    "URL": UrlRecognizer,
    "IP_ADDRESS": IpRecognizer,
    "DATE_TIME": DateRecognizer,
    "US_ITIN": UsItinRecognizer,
    "US_SSN": UsSsnRecognizer,
    "UK_NHS": NhsRecognizer,
    "UK_NINO": UkNinoRecognizer,
    "DE_TAX_ID": DeTaxIdRecognizer,
    "ES_NIF": EsNifRecognizer,
    "ES_NIE": EsNieRecognizer,
    "IT_FISCAL_CODE": ItFiscalCodeRecognizer,
    "IT_VAT_CODE": ItVatCodeRecognizer,
    "PL_PESEL": PlPeselRecognizer,
    "IN_PAN": InPanRecognizer,
    "IN_AADHAAR": InAadhaarRecognizer,
    "PHONE_NUMBER": PhoneRecognizer,
}
LEAST_SCORE = 0.4
SEED = 42


def digits(count):
    """Returns random digits, the first not 0."""
    return str(random.randrange(10 ** (count - 1), 10**count))


def with_check(count, valid):
    """Returns random digits that a check accepts."""
    while True:
        number = digits(count)
        if valid(number):
            return number


def identities():
    """Returns functions that make a sentence with an identity number of a country."""
    faker = {locale: Faker(locale) for locale in ("en_GB", "es_ES", "it_IT", "pl_PL", "en_IN", "en_US")}
    tax, nhs, vat = DeTaxIdRecognizer(), NhsRecognizer(), ItVatCodeRecognizer()
    return [
        lambda: f"Meine Steuer-ID ist {with_check(11, tax.validate_result)}, bitte vermerken.",
        lambda: f"NHS number: {(n := with_check(10, nhs.validate_result))[:3]} {n[3:6]} {n[6:]}.",
        lambda: f"Her National Insurance number is {faker['en_GB'].ssn()}",
        lambda: f"Mi NIF es {faker['es_ES'].nif()} y mi NIE {faker['es_ES'].nie()}.",
        lambda: f"Codice fiscale: {faker['it_IT'].ssn()} (intestatario)",
        lambda: f"Partita IVA {with_check(11, vat.validate_result)}, Roma",
        lambda: f"PESEL {faker['pl_PL'].pesel()} wpisano.",
        lambda: f"My Aadhaar is {faker['en_IN'].aadhaar_id()} and PAN {faker['en_IN'].bothify('???P?####?').upper()}.",
        lambda: f"ITIN {faker['en_US'].itin()} or SSN {faker['en_US'].ssn()}",
        lambda: f"Order {digits(random.randrange(4, 20))} of {digits(3)} items cost ${digits(4)}.{digits(2)}",
        lambda: f"We met on {faker['en_US'].date(random.choice(('%d.%m.%Y', '%Y-%m-%d', '%d-%b-%y', '%m-%d-%Y')))}.",
        lambda: f"from {faker['en_US'].ipv6()} to {faker['en_US'].ipv4()}/24, port {digits(4)}",
    ]


def texts(count):
    """Returns sentences of the evaluator's templates, and after every fourth one with an identity number."""
    random.seed(SEED)
    Faker.seed(SEED)
    sentences = PresidioSentenceFaker("en_US", lower_case_ratio=0.05, random_seed=SEED)
    makers = identities()
    found = []
    while len(found) < count:
        for sample in sentences.generate_new_fake_sentences(64):
            found.append(sample.full_text)
            if len(found) % 5 == 4:
                found.append(random.choice(makers)())
    return found[:count]


def merged(spans):
    """Returns spans of which no two share a character."""
    order = list(ENTITIES)
    result = []
    group = []
    for span in sorted(spans):
        if group and span[0] < max(end for _, end, _ in group):
            group.append(span)
        else:
            result.append(group)
            group = [span]
    result.append(group)
    return [
        [
            min(start for start, _, _ in group),
            max(end for _, end, _ in group),
            min(group, key=lambda span: (span[0] - span[1], order.index(span[2])))[2],
        ]
        for group in result
        if group
    ]


def main():
    recognizers = [(entity, make(supported_language="en")) for entity, make in ENTITIES.items()]
    rows = []
    for text in texts(int(sys.argv[1])):
        spans = []
        for entity, recognizer in recognizers:
            for found in recognizer.analyze(text, [entity], None) or []:
                if found.score >= LEAST_SCORE:
                    spans.append((found.start, found.end, entity))
        rows.append({"text": text, "spans": merged(spans)})
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    pathlib.Path(sys.argv[2]).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


main()
