"""Writes the table of ``service_vendors/area_codes.py`` from ``phonenumbers``' own data:
``python -m tests.area_code_table``. A process of its own, for that data takes 180 MB.
"""

from __future__ import annotations

import sys
import textwrap
from collections import Counter, defaultdict

import phonenumbers
from phonenumbers.geodata import GEOCODE_DATA

STATES = """
AL Alabama;AK Alaska;AZ Arizona;AR Arkansas;CA California;CO Colorado;CT Connecticut;DE Delaware
DC Washington D.C.;FL Florida;GA Georgia;HI Hawaii;ID Idaho;IL Illinois;IN Indiana;IA Iowa;KS Kansas
KY Kentucky;LA Louisiana;ME Maine;MD Maryland;MA Massachusetts;MI Michigan;MN Minnesota
MS Mississippi;MO Missouri;MT Montana;NE Nebraska;NV Nevada;NH New Hampshire;NJ New Jersey
NM New Mexico;NY New York;NC North Carolina;ND North Dakota;OH Ohio;OK Oklahoma;OR Oregon
PA Pennsylvania;RI Rhode Island;SC South Carolina;SD South Dakota;TN Tennessee;TX Texas;UT Utah
VT Vermont;VA Virginia;WA Washington State;WV West Virginia;WI Wisconsin;WY Wyoming;AB Alberta
BC British Columbia;MB Manitoba;NB New Brunswick;NL Newfoundland and Labrador;NS Nova Scotia
ON Ontario;PE Prince Edward Island;QC Quebec;SK Saskatchewan
"""
NAMES = dict(line.split(" ", 1) for line in STATES.strip().replace("\n", ";").split(";"))
COUNTRIES = {
    "AG": "Antigua and Barbuda",
    "AI": "Anguilla",
    "AS": "American Samoa",
    "BB": "Barbados",
    "BM": "Bermuda",
    "BS": "Bahamas",
    "DM": "Dominica",
    "DO": "Dominican Republic",
    "GD": "Grenada",
    "GU": "Guam",
    "JM": "Jamaica",
    "KN": "Saint Kitts and Nevis",
    "KY": "Cayman Islands",
    "LC": "Saint Lucia",
    "MP": "Northern Mariana Islands",
    "MS": "Montserrat",
    "PR": "Puerto Rico",
    "SX": "Sint Maarten",
    "TC": "Turks and Caicos Islands",
    "TT": "Trinidad and Tobago",
    "VC": "Saint Vincent and the Grenadines",
    "VG": "British Virgin Islands",
    "VI": "US Virgin Islands",
}
SPELLINGS = {"Washington D.C.": "Washington, D.C.", "Washington State": "Washington"}


def labels_of(code: str) -> Counter[str]:
    """What the data says of an area code: its own label, else those of its exchanges."""
    own = GEOCODE_DATA.get(f"1{code}", {}).get("en")
    within: Counter[str] = Counter()
    for prefix, label in EXCHANGES[code]:
        within[label] += 1 if len(prefix) > 4 else 0
    found = Counter({own: 1_000_000}) if own else Counter()
    return found + within


EXCHANGES: dict[str, list[tuple[str, str]]] = defaultdict(list)


def place_of(code: str) -> tuple[str, str]:
    """The region and the main city of an area code; ("", "") when it has none."""
    country = phonenumbers.region_code_for_number(phonenumbers.parse(f"+1{code}5550100")) or ""
    if country in COUNTRIES:
        return COUNTRIES[country], ""
    labels = labels_of(code)
    known = set(NAMES.values())
    cities: Counter[tuple[str, str]] = Counter()
    regions: Counter[str] = Counter()
    for label, count in labels.items():
        city, comma, state = label.rpartition(", ")
        if comma and state in NAMES:
            cities[city, NAMES[state]] += count
            regions[NAMES[state]] += count
        elif label in known or "/" in label:
            regions[label] += count
    if not regions:
        return "", ""
    region = regions.most_common(1)[0][0]
    here = Counter({city: n for (city, state), n in cities.items() if state == region})
    # The order of equals must not hang on that of a dictionary.
    city = min(here, key=lambda name: (-here[name], name)) if here else ""
    return SPELLINGS.get(region, region), city


def table() -> str:
    """The table, a region a paragraph: ``Region: City 212 332; 917``."""
    for prefix, label in GEOCODE_DATA.items():
        if prefix.startswith("1") and len(prefix) > 4 and "en" in label:
            EXCHANGES[prefix[1:4]].append((prefix, label["en"]))
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for code in map(str, range(200, 1000)):
        region, city = place_of(code)
        if region:
            found[region][city].append(code)
    paragraphs = []
    for region in sorted(found):
        cities = sorted(found[region].items(), key=lambda pair: (pair[0] == "", pair[1]))
        groups = "; ".join(" ".join([city, *codes]).strip() for city, codes in cities)
        line = f"{region}: {groups}"
        paragraphs.append(textwrap.fill(line, 96, subsequent_indent=" ", break_on_hyphens=False))
    return "\n".join(paragraphs) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
