"""Claims, spells and policies for the tests of the engine: yuan in, settlements out."""

from datetime import date
from functools import cache
from pathlib import Path

from policies.engine import (
    Claim,
    Rules,
    Settlement,
    Spell,
    State,
    YearEnd,
    load_book,
    load_parameters,
    settle_claim,
    settle_year_end,
)

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DOCUMENTS = ROOT / "policies" / "documents"
PARAMETERS = DOCUMENTS / "parameters.csv"
CASES = HERE / "cases"
POLICIES = ("shannan", "tongliao", "jining", "guangxi", "yangcheng")


@cache
def rules_of(policy: str) -> Rules:
    return Rules(load_book(DOCUMENTS), policy, load_parameters(PARAMETERS))


def fen(yuan: float | str) -> int:
    """Fen of an amount in yuan with at most two decimals."""
    return round(float(yuan) * 100)


def claim(day: str, in_scope: float, basic: float = 0, **changes: object) -> Claim:
    """An inpatient claim at a level-3 hospital in the city; `total` is in_scope + outside unless given. Yuan."""
    outside = float(str(changes.pop("outside", 0)))
    total = float(str(changes.pop("total", in_scope + outside)))
    other = float(str(changes.pop("other", 0)))
    fields: dict[str, object] = {
        "claim_no": f"T-{day}",
        "service": "inpatient",
        "hospital_level": 3,
        "charge_class": 3,
        "location": "city",
        "referred": "yes",
        "major_disease": False,
        "control_waived": False,
        "chronic_management": "",
        **changes,
    }
    return Claim(
        settled_on=date.fromisoformat(day),
        total=fen(total),
        in_scope=fen(in_scope),
        out_of_catalogue=fen(outside),
        basic_paid=fen(basic),
        other_paid=fen(other),
        **fields,  # type: ignore[arg-type]
    )


def held(*codes: str, approved: bool = True, since: str = "2000-01-01", until: str | None = None) -> list[Spell]:
    """Spells of these categories, from long ago and open unless said otherwise."""
    last = date.fromisoformat(until) if until else None
    return [Spell(code, date.fromisoformat(since), last, approved) for code in codes]


def settle(policy: str, spells: list[Spell], *claims: Claim, state: State | None = None) -> list[Settlement]:
    """Settle the claims of one person and year one after the other, in the order given."""
    state = state or State()
    done = []
    for one in claims:
        settled = settle_claim(rules_of(policy), state, one, spells)
        state = settled.state
        done.append(settled)
    return done


def settle_one(policy: str, spells: list[Spell], one: Claim, state: State | None = None) -> Settlement:
    return settle(policy, spells, one, state=state)[0]


def close(policy: str, spells: list[Spell], year: int, *claims: Claim) -> YearEnd | None:
    """The payment at the end of the year in which the claims fell."""
    done = settle(policy, spells, *claims)
    return settle_year_end(rules_of(policy), done[-1].state if done else State(), year, spells)
