"""Made-up values for the places of presidio-evaluator's templates, from lists in which each split has its own names."""

import csv
import hashlib
import importlib
import re
import sys

SHARES = {"train": 70, "eval": 80, "test": 100}
# Names of other countries, for training alone: presidio-evaluator draws from en_US and its own people.
FOREIGN = (
    "cs_CZ da_DK de_DE en_GB en_IN en_NZ es_ES es_MX fi_FI fr_FR ga_IE hr_HR hu_HU id_ID it_IT nl_NL no_NO pt_BR "
    "ro_RO sv_SE sw tr_TR yo_NG zu_ZA"
).split()
MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
PHONES = ("###-###-####", "(###)###-####", "+41 4# ### ## ##", "0##########")
ADDRESSES = (
    "{building_number} {street_name} {secondary_address} {city} {state}",
    "{building_number} {street_name} {secondary_address} {city} {state_abbr}",
    "{building_number} {street_name}\n {secondary_address}\n {city}\n {country}",
    "{building_number} {street_name}\n {secondary_address}\n {city}\n {country} {zipcode}",
    "{building_number} {street_name}, {city}, {country}",
    "{building_number} {street_name} {secondary_address}, {city}, {country} {zipcode}",
    "{building_number} {street_name}\n{city}, {state_abbr} {zipcode}",
    "{building_number} {street_name}\n{city}\n, {state_abbr}\n {country} {zipcode}",
    "the corner of {street_name} and {street_name}",
)


def split(value, first=False):
    """Returns the split of a value: that of its longest word, or of its first."""
    words = re.findall(r"\w+", value.casefold()) or [value]
    word = words[0] if first else max(words, key=len)
    number = int(hashlib.sha256(word.encode()).hexdigest(), 16) % 100
    return next(name for name, end in SHARES.items() if number < end)


def table(file, **options):
    with open(file, encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines, **options))


def provider(name):
    return importlib.import_module(f"faker.providers.{name}").Provider


class Fakes:
    """Values of one split.

    evaluator and faker are the unpacked packages presidio-evaluator and Faker.
    """

    def __init__(self, evaluator, faker, name, random):
        self.random = random
        raw = evaluator / "presidio_evaluator/data_generator/raw_data"
        people = table(raw / "FakeNameGenerator.com_3000.csv")
        nations = table(raw / "nationalities.csv")
        sys.path.insert(0, str(faker))
        try:
            own, place = (provider(f"{kind}.en_US") for kind in ("person", "address"))
            foreign = [provider(f"person.{locale}") for locale in FOREIGN]
        finally:
            sys.path.remove(str(faker))

        def kept(values, first=False):
            return sorted({value.strip() for value in values if value.strip() and split(value, first) == name})

        def column(key):
            return [row[key] for row in people]

        others = foreign if name == "train" else []
        self.first = kept(column("GivenName")), kept(own.first_names), *(kept(locale.first_names) for locale in others)
        self.last = kept(column("Surname")), kept(own.last_names), *(kept(locale.last_names) for locale in others)
        self.cities, self.streets = kept(column("City")), kept(column("StreetAddress"))
        self.countries = kept([*column("CountryFull"), *place.countries])
        self.states = kept([*column("StateFull"), *place.states])
        self.companies = (
            kept(column("Company"), first=True),
            kept(
                (row["organization"] for row in table(raw / "companies_and_organizations.csv", delimiter="\t")),
                first=True,
            ),
        )
        self.jobs = sorted(set(column("Occupation")))
        self.nations = [row for row in nations if split(row["nationality"]) == name]
        self.place = place

    def pick(self, values):
        return self.random.choice(values)

    def name(self, lists):
        """Returns a name: of the evaluator's people and of en_US in equal parts, in training as often of elsewhere."""
        at = self.random.randrange(min(3, len(lists)))
        return self.pick(self.pick(lists[2:]) if at == 2 else lists[at])

    def digits(self, form):
        return re.sub("#", lambda _: str(self.random.randrange(10)), form)

    def person(self):
        first, last = self.name(self.first), self.name(self.last)
        middle = self.pick(("", "", "", "", f"{self.pick('ABCDEFGHJKLMNPRSTW')}{self.pick(('.', ''))} "))
        return f"{first} {middle}{last}"

    def city(self):
        if self.random.random() < 0.6:
            return self.pick(self.cities)
        start, end = self.pick(self.place.city_prefixes), self.pick(self.place.city_suffixes)
        name = self.name(self.first[:2])
        return self.pick((f"{start} {name}{end}", f"{start} {name}", f"{name}{end}"))

    def street_name(self):
        if self.random.random() < 0.3:
            return self.pick(self.streets)
        return f"{self.name(self.pick((self.first[:2], self.last[:2])))} {self.pick(self.place.street_suffixes)}"

    def address(self):
        form = self.pick(ADDRESSES)
        return re.sub(r"\{(\w+)\}", lambda found: self.value(found[1]), form)

    def date(self):
        day, month, year = self.random.randint(1, 28), self.random.randint(1, 12), self.random.randint(1930, 2029)
        word = MONTHS[month - 1]
        return self.pick(
            (
                f"{year}-{month:02}-{day:02}",
                f"{month}/{day}/{year}",
                f"{day:02}.{month:02}.{year}",
                f"{word} {day}, {year}",
                f"{day} {word} {year}",
                f"{word} {year}",
                f"{year}-{month:02}-{day:02} {self.digits('1#:3#:2#')}",
            )
        )

    def value(self, kind):
        """Returns a value for a place of a template."""
        kind = {"postcode": "zipcode", "date_of_birth": "date_time"}.get(kind, kind)
        if kind.startswith("first_name"):
            return self.name(self.first)
        if kind.startswith("last_name"):
            return self.name(self.last)
        if kind in ("person", "name", "name_male", "name_female"):
            return self.person()
        if kind.startswith("prefix"):
            return self.pick(("Mr.", "Mrs.", "Ms.", "Dr.", "Miss"))
        if kind.startswith("nation"):
            return self.pick(self.nations)[kind.removeprefix("nation_")].title()
        made = {
            "city": self.city,
            "street_name": self.street_name,
            "address": self.address,
            "date_time": self.date,
            "country": lambda: self.pick(self.countries),
            "state": lambda: self.pick(self.states),
            "state_abbr": lambda: self.pick(self.place.states_abbr),
            "organization": lambda: self.pick(self.pick(self.companies)),
            "job": lambda: self.pick(self.jobs),
            "day_of_week": lambda: self.pick(DAYS),
            "year": lambda: str(self.random.randint(1930, 2029)),
            "age": lambda: self.digits("##").lstrip("0") or "8",
            "building_number": lambda: self.digits(self.pick(("1##", "2###", "4#", "7####"))),
            "secondary_address": lambda: self.digits(self.pick(("Apt. ###", "Suite ###"))),
            "zipcode": lambda: self.digits("#####"),
            "phone_number": lambda: self.digits(self.pick(PHONES)),
            "credit_card_number": lambda: self.digits("4###############"),
            "iban": lambda: self.digits("GB##BARC##############"),
            "ssn": lambda: self.digits("###-##-####"),
            "us_driver_license": lambda: self.digits(self.pick(("#######", "S###-###-##-###-#"))),
            "ip_address": lambda: self.digits("1##.4#.#.7#"),
            "email": lambda: f"{self.name(self.first).lower()}@example.com",
            "url": lambda: f"https://www.{self.name(self.last).lower()}.example.com/",
        }
        return made[kind]()
