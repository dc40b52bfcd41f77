# ruff: noqa: E501  (a table: one mistake a row)
"""Programme files with one mistake each, and what is said of it: line, key, words and code."""

from edge_agent.domain.programme.programme_file import ProgrammeFile
from tests.unit.domain.builders import BASE, HEAD

GOOD = HEAD + BASE
BONUS = '[[bonus]]\nid = "extra"\nadd = 5\nwhy = "x"\n'
EXCLUDE = '[[exclude]]\nid = "smoke"\ncategories = ["tobacco"]\nwhy = "x"\n'
REWARD = '[[reward]]\nid = "coffee"\ncost = 60\ntitle = "x"\n'
CAP = '[[cap]]\nid = "most"\nmost = 500\nwhy = "x"\n'
GIFT = '[[action]]\nid = "act"\ntitle = "x"\ngives = [{ quantity = 1 }]\nlimits = [{ times = 1 }]\n'
NO_STRETCH = (
    "is no stretch of time; write day, week, month, quarter, year, membership-year, ever, or so many"
    " days or months, such as 30 days"
)
A_WHOLE_NUMBER = "must be a whole number, without quotes and decimals"
AN_ID = (
    "must begin with a small letter and hold at most 40 small letters, digits and hyphens, such as"
    " big-basket"
)
A_MOMENT = "must be a moment with its offset and without quotes, such as 2026-01-01T00:00:00+01:00"
A_TIME = "must be a time without quotes, such as 18:00:00"


def replaced(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


MISTAKES: list[tuple[str, str, str]] = [
    # head, lines 1 to 7
    ("no id", replaced('id = "test"\n', "\n"), "1: id: is missing [missing-key]"),
    ("format 2", replaced("format = 1", "format = 2"), "1: format: must be 1 [bad-value]"),
    ("id", replaced('"test"', '"Test Id"'), f"2: id: {AN_ID} [bad-value]"),
    ("version text", replaced("version = 1", 'version = "1"'), f"3: version: {A_WHOLE_NUMBER} [bad-value]"),
    ("version true", replaced("version = 1", "version = true"), f"3: version: {A_WHOLE_NUMBER} [bad-value]"),
    ("version 0", replaced("version = 1", "version = 0"), "3: version: must be more than 0 [bad-value]"),
    (
        "name",
        replaced('"Test"', "5"),
        "4: name: must be a text in quotes, or a table with one for each of nl, en, de and fr [bad-value]",
    ),
    ("empty name", replaced('"Test"', '{ nl = "", en = "x", de = "x", fr = "x" }'), "4: name.nl: must not be empty [bad-value]"),
    ("long name", replaced('"Test"', f'{{ nl = "{"x" * 201}", en = "x", de = "x", fr = "x" }}'), "4: name.nl: has more than 200 characters [bad-value]"),
    ("a language is missing", replaced('"Test"', '{ nl = "x", en = "x", de = "x" }'), "4: name.fr: is missing [missing-key]"),
    ("zone", replaced("Europe/Amsterdam", "Amsterdam"), "5: timezone: 'Amsterdam' is not a time zone of the IANA database, such as Europe/Amsterdam [bad-value]"),
    ("currency", replaced("EUR", "GBP"), "6: currency: 'GBP' is not a currency that is supported; supported: EUR [bad-value]"),
    ("no offset", replaced("00:00:00+01:00", "00:00:00"), f"7: valid_from: {A_MOMENT} [bad-value]"),
    ("a day", replaced("2026-01-01T00:00:00+01:00", "2026-01-01"), f"7: valid_from: {A_MOMENT} [bad-value]"),
    ("misspelt", replaced("currency", "curency"), "6: curency: is not a key that is known here; is currency meant? [unknown-key]"),
    ("no unit", replaced('[unit.points.name]\none = "point"\nmany = "points"\n', ""), "1: unit: is missing [missing-key]"),
    ("unit name", replaced("[unit.points.name]", "[unit.Points.name]"), f"8: unit.Points: {AN_ID} [bad-value]"),
    ("a table for a list", HEAD + '[earn]\nid = "base"\n', "11: earn: must be a list in square brackets, or tables that each begin with double brackets, such as [[earn]] [bad-value]"),
    # the base rate, lines 11 to 14
    ("no rate", GOOD.replace("per = 100\n", ""), "11: earn[0]: give one of per, per_measure, each and bands [contradiction]"),
    ("rate", replaced("points = 1\n", 'points = "veel"\n'), "13: earn[0].points: must be a number, such as 2 or 1.5 [bad-value]"),
    ("rate true", replaced("points = 1\n", "points = true\n"), "13: earn[0].points: must be a number, such as 2 or 1.5 [bad-value]"),
    ("endless rate", replaced("points = 1\n", "points = inf\n"), "13: earn[0].points: must be a number, such as 2 or 1.5 [bad-value]"),
    ("tiny rate", replaced("points = 1\n", "points = 1e-400000000\n"), "13: earn[0].points: has more than 6 decimals [bad-value]"),
    ("large rate", replaced("points = 1\n", "points = 10001\n"), "13: earn[0].points: must be at most 10000 [bad-value]"),
    ("per 1.5", replaced("per = 100", "per = 1.5"), f"14: earn[0].per: {A_WHOLE_NUMBER} [bad-value]"),
    ("per 0", replaced("per = 100", "per = 0"), "14: earn[0].per: must be more than 0 [bad-value]"),
    ("rounding", GOOD + 'rounding = "up"\n', "15: earn[0].rounding: must be one of 'floor', 'half-up', 'half-even' or 'ceil' [bad-value]"),
    ("stage", GOOD + 'stage = "basket"\n', "15: earn[0].stage: must be one of 'sale', 'line' or 'piece' [bad-value]"),
    ("scope word", GOOD + 'scope = { categories = "dairy" }\n', "15: earn[0].scope.categories: must be a list in square brackets [bad-value]"),
    ("scope number", GOOD + "scope = { skus = [\n'a',\n8710400011118,\n] }\n", "17: earn[0].scope.skus[1]: must be a text in quotes [bad-value]"),
    ("empty scope", GOOD + "scope = { skus = [] }\n", "15: earn[0].scope.skus: must not be empty [bad-value]"),
    ("unknown in scope", GOOD + 'scope = { category = ["x"] }\n', "15: earn[0].scope.category: is not a key that is known here; is categories meant? [unknown-key]"),
    ("two lengths", GOOD + "expiry = { days = 1, months = 1 }\n", "15: earn[0].expiry: give one of days, months, years and until_date [contradiction]"),
    ("no length", GOOD + 'expiry = { rounded = "day" }\n', "15: earn[0].expiry: give one of days, months, years and until_date [contradiction]"),
    ("unit", GOOD + 'unit = "stars"\n', "15: earn[0].unit: there is no [unit.stars]; there is: points [unknown-name]"),
    ("shadowed", GOOD + '[[earn]]\nid = "fresh"\npoints = 2\nper = 100\nscope = { categories = ["fruit"] }\n', "15: earn[1]: never earns, since base above takes every line; put the wider rule last [unreachable]"),
    # bonuses, from line 15
    ("no effect", GOOD + '[[bonus]]\nid = "extra"\nwhy = "x"\n', "15: bonus[0]: give either multiply or add [contradiction]"),
    ("two effects", GOOD + BONUS + "multiply = 2\n", "15: bonus[0]: give either multiply or add [contradiction]"),
    ("no reason", GOOD + '[[bonus]]\nid = "extra"\nadd = 5\n', "15: bonus[0].why: is missing [missing-key]"),
    ("times one", GOOD + '[[bonus]]\nid = "extra"\nmultiply = 1\nwhy = "x"\n', "17: bonus[0].multiply: must be more than 1 [bad-value]"),
    ("nothing to multiply", GOOD + '[[bonus]]\nid = "extra"\nmultiply = 2\nunit = "stars"\nwhy = "x"\n[unit.stars.name]\none = "x"\nmany = "x"\n', "17: bonus[0].multiply: there is nothing to multiply, since no [[earn]] gives stars [unreachable]"),
    ("weekday", GOOD + BONUS + 'when = { weekdays = ["zat"] }\n', "19: bonus[0].when.weekdays[0]: must be one of 'mon', 'tue', 'wed', 'thu', 'fri', 'sat' or 'sun' [bad-value]"),
    ("an hour", GOOD + BONUS + "when = { from_time = 18 }\n", f"19: bonus[0].when.from_time: {A_TIME} [bad-value]"),
    ("time with offset", GOOD + BONUS + 'when = { from_time = "18:00+01:00" }\n', f"19: bonus[0].when.from_time: {A_TIME} [bad-value]"),
    ("a day in quotes", GOOD + BONUS + 'when = { from_date = "1-12-2026" }\n', "19: bonus[0].when.from_date: must be a date without quotes, such as 2026-12-31 [bad-value]"),
    ("days turned", GOOD + BONUS + "[bonus.when]\nfrom_date = 2026-12-31\nuntil_date = 2026-12-01\n", "19: bonus[0].when: until_date 2026-12-01 lies before from_date 2026-12-31 [contradiction]"),
    ("over midnight", GOOD + BONUS + "when = { from_time = 22:00:00, until_time = 02:00:00 }\n", "19: bonus[0].when: until_time 02:00 is not after from_time 22:00; write two rules for a window over midnight [contradiction]"),
    ("no spend", GOOD + BONUS + "when = { minimum_spend = 0 }\n", "19: bonus[0].when.minimum_spend: must be more than 0 [bad-value]"),
    ("bonus unit", GOOD + BONUS + 'unit = "stars"\n', "19: bonus[0].unit: there is no [unit.stars]; there is: points [unknown-name]"),
    # the rest
    ("excludes all", GOOD + '[[exclude]]\nid = "smoke"\nwhy = "x"\n', "15: exclude[0]: say what it excludes: categories, brands, skus, labels or kinds [contradiction]"),
    ("duplicate", GOOD + BONUS + EXCLUDE.replace("smoke", "base"), "20: exclude[0].id: is the id of earn[0] too; receipts and records name rules by their ids [duplicate-id]"),
    ("reward unit", GOOD + REWARD + 'unit = "stars"\n', "19: reward[0].unit: there is no [unit.stars]; there is: points [unknown-name]"),
    ("reward cost", GOOD + REWARD.replace("60", "-1"), "17: reward[0].cost: must be more than 0 [bad-value]"),
    ("receipt key", GOOD + '[receipt]\nfoter = "x"\n', "16: receipt.foter: is not a key that is known here; is footer meant? [unknown-key]"),
    ("block twice", GOOD + '[receipt]\nblocks = ["earned", "earned"]\n', "16: receipt.blocks: earned stands there twice [contradiction]"),
    ("answer address", GOOD + '[receipt]\nanswer_url = "https://x.example/{card}"\n', "16: receipt.answer_url: only {store}, {till}, {sale}, {question} can be filled in [contradiction]"),
    ("far from any key", GOOD + '[receipt]\nzzz = "x"\n', "16: receipt.zzz: is not a key that is known here; known are greeting, footer, invitation, blocks, answer_url [unknown-key]"),
    ("no such table", GOOD + "[[zzz]]\nid = 'x'\n", f"15: zzz: is not a key that is known here; known are {', '.join(ProgrammeFile.model_fields)} [unknown-key]"),
    ("a table that is near one", GOOD + "[[bonuses]]\nid = 'x'\n", "15: bonuses: is not a key that is known here; is bonus meant? [unknown-key]"),
    ("a name in too many forms", replaced('many = "points"', 'many = "x"\nfew = "y"'), "11: unit.points.name.few: is not a key that is known here; known are one, many [unknown-key]"),
    ("a unit that is no table", HEAD.replace('[unit.points.name]\none = "point"\nmany = "points"', "[unit]\npoints = 3") + BASE, "9: unit.points: must be a table [bad-value]"),
    ("words that are a number", GOOD + "[words]\nx = 5\n", "16: words.x: must be a text in quotes, or a table with one for each of nl, en, de and fr [bad-value]"),
    ("profiles", GOOD + BONUS + "when = { attributes = 5 }\n", "19: bonus[0].when.attributes: must be a table [bad-value]"),
    ("values of a profile", GOOD + BONUS + "when = { attributes = { pet = 5 } }\n", "19: bonus[0].when.attributes.pet: must be a list in square brackets [bad-value]"),
    ("longest stretch", GOOD + CAP + 'per = "401 days"\n', "19: cap[0].per: '401 days' is too long: days are kept apart for 400 days [contradiction]"),
    ("longest months", GOOD + CAP + 'per = "13 months"\n', "19: cap[0].per: '13 months' is too long: days are kept apart for 400 days [contradiction]"),
    ("no stretch", GOOD + CAP + 'per = "0 days"\n', f"19: cap[0].per: '0 days' {NO_STRETCH} [contradiction]"),
    ("decimals", GOOD + CAP.replace("500", "5.1234567"), "17: cap[0].most: has more than 6 decimals [bad-value]"),
    ("gift of no unit", HEAD.replace("unit.points", "unit.stars") + BASE + 'unit = "stars"\n' + GIFT, "19: action[0].gives[0]: gives points, and there is no [unit.points] [unknown-name]"),
    ("syntax", GOOD + "name = \n", "15: (file): not a value; texts stand in quotes, numbers without, and it is true or false [toml]"),
    ("a key twice", GOOD + "per = 50\n", "15: (file): this key stands twice in the same table [toml]"),
    ("empty", "", "1: id: is missing [missing-key]"),
]  # fmt: skip
