"""The sections of `warrant.toml`: what an operator may set, and what each key takes.

The file is read strictly: unknown keys, wrong types and values out of range are faults with a place, all reported
together; numbers are read as `Decimal`. Paths in it are relative to the desk, which `adapters.desk.folder` knows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from adapters.calendars.exchanges import EXCHANGES
from adapters.calendars.periods import INTERVAL, MOST_MINUTES, minutes_of
from adapters.desk.toml_text import Place, parse, places
from adapters.people.approvals import key_bytes
from adapters.people.four_eyes import GOVERNED, Roster
from adapters.store.address import FILE, VARIABLE, holds_password, is_url
from adapters.store.address import NAME as SCHEMA_NAME
from knowledge.faults import Fault, Faulty
from knowledge.values import text

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from engine.surveillance.parameters import Parameters


def _whole_is_exact(value: object) -> object:
    """TOML writes a whole amount as an integer; everything else is left to the strict check."""
    return Decimal(value) if type(value) is int else value


def _date(value: str) -> str:
    """A day of the calendar, as its ISO text."""
    try:
        known = date.fromisoformat(value).isoformat() == value
    except ValueError:
        known = False
    if not known:
        raise PydanticCustomError("day", "no day of the calendar")
    return value


def _names(value: object) -> object:
    """A list of names as a tuple, so that settings can not be changed in place."""
    if not isinstance(value, list) or not all(isinstance(name, str) and 0 < len(name.strip()) <= 100 for name in value):
        raise PydanticCustomError("names", "no list of names")
    return tuple(value)


def _keys(value: object) -> object:
    """Names with the public key of each."""
    if not isinstance(value, dict):
        raise PydanticCustomError("keys", "no table of keys")
    try:
        for key in value.values():
            key_bytes(key if isinstance(key, str) else "")
    except ValueError:
        raise PydanticCustomError("keys", "no table of keys") from None
    return value


def _governed(value: object) -> object:
    """What two persons are needed for."""
    if not isinstance(value, list) or any(one not in GOVERNED for one in value) or len(set(value)) < len(value):
        raise PydanticCustomError("governed", "no list of what two persons can be needed for")
    return tuple(value)


_WORD = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:+-]{0,63}$", description="a word of letters, digits and ._:+-")
_AMOUNT = Field(ge=0, max_digits=15, description="a number of at most 15 digits, 0 or more")
_EXCHANGE = Field(pattern=rf"^({'|'.join(EXCHANGES)})$", description="one of " + ", ".join(EXCHANGES))
_INDEX = Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9._:+-]{0,63})?$", description='a symbol, or "" for no index')
LOG_KEY = "keys/log.pem"
"""Where the key of a desk's log is, unless its settings say otherwise."""
Amount = Annotated[Decimal, BeforeValidator(_whole_is_exact)]


class _Section(BaseModel):
    """A table of the file. The description of a field says what its key takes: complaints quote it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class DeskSection(_Section):
    """Who trades: `capital` is in units of `currency` at the start."""

    name: Annotated[str, _WORD]
    account: Annotated[str, _WORD]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description='three capital letters (ISO 4217), like "USD"')]
    capital: Annotated[Amount, Field(gt=0, max_digits=15, description="a number of at most 15 digits, above 0")]
    mode: Annotated[Literal["backtest", "paper"], Field(description='"backtest" or "paper"')]


class StoreSection(_Section):
    """Where records are kept: a file, relative to the desk, or a database with a schema for this desk.

    The database's `url` holds no password: give the whole address in `WARRANT_STORE`, or the password where libpq looks
    for it. Without a `schema` the desk's name is used. Models lie beside `path` in either case.

    `key` is the file of the private key that signs the log's checkpoints; `warrant keys log` makes it.
    """

    path: Annotated[str, Field(min_length=1, description="the name of a file, relative to the desk")] = FILE
    url: Annotated[str, Field(description="the address of a PostgreSQL database, without a password")] = ""
    schema_: Annotated[
        str,
        Field(
            alias="schema",
            pattern=rf"^({SCHEMA_NAME.pattern})?$",
            description="a word of small letters, digits and _, not beginning with a digit",
        ),
    ] = ""

    key: Annotated[str, Field(min_length=1, description="the name of a file, relative to the desk")] = LOG_KEY

    @field_validator("url")
    @classmethod
    def _an_address_without_a_secret(cls, url: str) -> str:
        if holds_password(url):
            raise ValueError(f"`url` holds a password, and files are copied; give it in `{VARIABLE}`, or in ~/.pgpass")
        if url and not is_url(url):
            raise PydanticCustomError("url", "no address of a PostgreSQL database")
        return url


class FeedSection(_Section):
    """Where bars come from; `calendar` is the exchange's market identifier code (ISO 10383), or `24/7`.

    `interval` is the length of a bar: a session, or minutes or hours inside it.

    `index` is the series that regimes, betas and stress are measured against; empty for none (of `bars` only).
    """

    kind: Annotated[Literal["sample", "csv", "bars"], Field(description='"sample", "csv" or "bars"')] = "sample"
    path: Annotated[str, Field(min_length=1, description="the name of a folder, relative to the desk")] | None = None
    calendar: Annotated[str, _EXCHANGE] = "XNYS"
    interval: Annotated[str, Field(pattern=INTERVAL, description='"1d", or minutes or hours like "15m" or "2h"')] = "1d"
    index: Annotated[str, _INDEX] = "SPX"

    @model_validator(mode="after")
    def _path_goes_with_csv(self) -> Self:
        if self.kind == "csv" and self.path is None:
            raise ValueError('`kind = "csv"` needs a `path`: the folder with one file per instrument')
        if self.kind == "sample" and self.path is not None:
            raise ValueError('`kind = "sample"` takes no `path`; write `kind = "csv"` to read from it')
        if self.kind == "csv" and not self.index:
            raise ValueError('`kind = "csv"` needs an `index`; a desk without one takes `kind = "bars"`')
        if self.kind == "sample" and self.interval != "1d":
            raise ValueError('`kind = "sample"` has daily bars; leave `interval` out')
        if self.kind == "sample" and self.index != "SPX":
            raise ValueError('`kind = "sample"` has the index "SPX" and no other; leave `index` out')
        return self


class BrokerSection(_Section):
    """Costs and customs of the paper broker: slippage in basis points of the price, commission in `currency`.

    `participation` is the share of a bar's volume that all our fills in one instrument take at most. `settlement_days`
    are sessions until a trade settles; `borrow_rate` is what a short costs a year, as a share of its value, where
    `instruments.yaml` does not say otherwise.
    """

    slippage_bps: Annotated[Amount, _AMOUNT] = Decimal(2)
    commission_per_share: Annotated[Amount, _AMOUNT] = Decimal("0.005")
    commission_minimum: Annotated[Amount, _AMOUNT] = Decimal(1)
    participation: Annotated[Amount, Field(gt=0, le=1, description="a share above 0, at most 1")] = Decimal("0.1")
    settlement_days: Annotated[int, Field(ge=0, le=10, description="a whole number from 0 to 10")] = 1
    borrow_rate: Annotated[Amount, Field(ge=0, le=10, description="a share a year from 0 to 10, like 0.003")] = Decimal(
        "0.003"
    )


class ScheduleSection(_Section):
    """When `warrant run` decides, by the calendar of the feed.

    A cycle is due `delay_seconds` after the close it decides at, and is missed when it has not begun `grace_seconds`
    after that.
    """

    every: Annotated[
        str,
        Field(
            pattern=r"^(close|week|[1-9][0-9]{0,3} minutes)$",
            description='"close" (of each session), "week" (its last close) or a number like "15 minutes"',
        ),
    ] = "close"
    delay_seconds: Annotated[int, Field(ge=0, le=3600, description="a whole number from 0 to 3600")] = 60
    grace_seconds: Annotated[int, Field(ge=1, le=86_400, description="a whole number from 1 to 86400")] = 900


class WatchSection(_Section):
    """What tells people about a running desk. `metrics_port` 0 serves no metrics; an alert goes to `webhook`, too.

    A webhook's address may hold a secret: then leave it out here and set `WARRANT_WEBHOOK`.
    """

    metrics_port: Annotated[int, Field(ge=0, le=65_535, description="a port from 1 to 65535, or 0 for none")] = 0
    webhook: Annotated[str, Field(pattern=r"^(https?://\S+)?$", description="an address beginning with http")] = ""


class PeopleSection(_Section):
    """Whose word counts. Anyone may kill a desk; only those listed end a kill, a halt or a throttle, or approve limits.

    A name is what its bearer types: nothing proves that it was he, but, of an approval, the key listed under `keys`.
    `four_eyes` lists what takes effect only once two different persons have approved it, each with his key; with
    `claims` those without a key may do it by their name alone (docs/people.md).
    """

    resume: Annotated[
        tuple[str, ...], BeforeValidator(_names), Field(description='a list of names, like ["Ada Lovelace"]')
    ] = ()
    approve: Annotated[
        tuple[str, ...], BeforeValidator(_names), Field(description='a list of names, like ["Ada Lovelace"]')
    ] = ()
    keys: Annotated[
        Mapping[str, str],
        BeforeValidator(_keys),
        Field(description='names with their public keys, like `"Ada Lovelace" = "ed25519:…"` of `warrant keys make`'),
    ] = {}
    four_eyes: Annotated[
        tuple[str, ...],
        BeforeValidator(_governed),
        Field(description="a list of " + ", ".join(f'"{one}"' for one in GOVERNED) + ", each once"),
    ] = ()
    claims: Annotated[bool, Field(description="true or false")] = False

    @property
    def roster(self) -> Roster:
        """As records list it."""
        return Roster(self.four_eyes, self.approve, self.resume, dict(self.keys), self.claims)


class RetentionSection(_Section):
    """How many years sealed records are kept, by kind; RTS 6 art. 28 asks for five. Nothing goes by itself.

    What `warrant audit expire` may remove; kinds that are not named here are kept for good. What is older than
    `seal_after_days` is sealed when `warrant run` starts; 0 leaves it to `warrant audit seal`.
    """

    seal_after_days: Annotated[int, Field(ge=0, le=3650, description="a whole number of days from 0 to 3650")] = 0

    decision: Annotated[int, Field(ge=5, le=100, description="a whole number of years from 5 to 100")] = 5
    surveillance: Annotated[int, Field(ge=5, le=100, description="a whole number of years from 5 to 100")] = 5

    @property
    def years(self) -> Mapping[str, int]:
        """Years by kind of record."""
        return {"decision": self.decision, "surveillance": self.surveillance}


_SHARE = Field(gt=0, le=1, description="a share above 0, at most 1")
_TIMES = Field(ge=2, le=10_000, description="a whole number from 2 to 10000")
_SPAN = Field(ge=1, le=250, description="a whole number of sessions from 1 to 250")


class SurveillanceSection(_Section):
    """What surveillance holds figures against; what each means, and why it is what it is: docs/surveillance.md.

    With `desk` a paper desk looks at the end of each session. A backtest never does: `warrant surveil scan` does.
    """

    desk: Annotated[bool, Field(description="true or false")] = True
    wash_price: Annotated[Amount, _SHARE] = Decimal("0.001")
    wash_quantity: Annotated[Amount, _SHARE] = Decimal("0.8")
    layering_orders: Annotated[int, _TIMES] = 3
    layering_ratio: Annotated[Amount, Field(gt=0, le=1000, description="a number above 0, at most 1000")] = Decimal(2)
    layering_sessions: Annotated[int, _SPAN] = 1
    close_minutes: Annotated[int, Field(ge=1, le=1440, description="a whole number from 1 to 1440")] = 15
    close_share: Annotated[Amount, _SHARE] = Decimal("0.05")
    close_move: Annotated[Amount, _SHARE] = Decimal("0.01")
    cancel_count: Annotated[int, _TIMES] = 5
    cancel_share: Annotated[Amount, _SHARE] = Decimal("0.5")
    replace_count: Annotated[int, _TIMES] = 20
    near: Annotated[Amount, Field(ge=Decimal("0.5"), le=1, description="a share from 0.5 to 1")] = Decimal("0.95")
    near_times: Annotated[int, _TIMES] = 3
    near_sessions: Annotated[int, _SPAN] = 20
    binding_sessions: Annotated[int, _TIMES] = 5

    @property
    def parameters(self) -> Parameters:
        """As the patterns take them."""
        from engine.surveillance.parameters import Parameters

        return Parameters.from_json({name: text(value) for name, value in self.model_dump(exclude={"desk"}).items()})


class AdvisorsSection(_Section):
    """When heads are trained: first on bars up to `trained_until`, then anew after so many calendar days.

    The first cycle decides the session after `trained_until`. Heads speak for the swing horizon (five sessions).
    """

    trained_until: Annotated[str, AfterValidator(_date), Field(description='a date, like "2010-12-31"')] = "2010-12-31"
    retrain_days: Annotated[int, Field(ge=1, le=10_000, description="a whole number from 1 to 10000")] = 84


class Settings(_Section):
    """All of `warrant.toml`."""

    desk: DeskSection
    store: StoreSection = StoreSection()
    feed: FeedSection = FeedSection()
    broker: BrokerSection = BrokerSection()
    advisors: AdvisorsSection = AdvisorsSection()
    schedule: ScheduleSection = ScheduleSection()
    watch: WatchSection = WatchSection()
    people: PeopleSection = PeopleSection()
    retention: RetentionSection = RetentionSection()
    surveillance: SurveillanceSection = SurveillanceSection()


def read_settings(source: bytes, file: str) -> Settings:
    """Read the text of a `warrant.toml`; `file` is its name in complaints. Raises `Faulty`."""
    tree = parse(source, file)
    found = places(source.decode("utf-8"))
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        raise Faulty(*(_fault(complaint, found, file) for complaint in error.errors())) from None
    number, _, unit = settings.schedule.every.partition(" ")
    bars = minutes_of(settings.feed.interval)
    if unit and (bars is None or int(number) % bars or int(number) > MOST_MINUTES):
        words = f'`every = "{settings.schedule.every}"` needs bars of as many minutes or a part of them'
        words += f" (and at most {MOST_MINUTES})"
        message = f"{words}, and `[feed]` has bars of `{settings.feed.interval}`; change one of them"
        raise Faulty(Fault(file, *found.get(("schedule", "every"), (1, 1)), message))
    return settings


def _fault(complaint: ErrorDetails, found: Mapping[tuple[str, ...], Place], file: str) -> Fault:
    """A complaint of the strict check as a sentence, at the key it is about or else at the table that holds it."""
    path = tuple(map(str, complaint["loc"]))
    place = next((found[path[:end]] for end in range(len(path), 0, -1) if path[:end] in found), (1, 1))
    *table, key = path
    known = {one.alias or name: one for name, one in _section(table).model_fields.items()}
    if complaint["type"] == "extra_forbidden":
        close = get_close_matches(key, known, 1)
        advice = f"did you mean `{close[0]}`?" if close else "it takes " + ", ".join(f"`{name}`" for name in known)
        message = f"unknown key `{key}` in {_where(table)}; {advice}"
    elif complaint["type"] == "missing":
        message = f"`{key}` is missing; add it to {_where(table)}"
    elif complaint["type"] == "value_error":
        message = str(complaint["ctx"]["error"])
    else:
        value = complaint["input"]
        wrote = json.dumps(value, ensure_ascii=False) if type(value) is str else str(value)
        message = f"`{key}` takes {known[key].description or f'a table `[{key}]`'}, not `{wrote}`"
    return Fault(file, *place, message)


def _section(table: Sequence[str]) -> type[BaseModel]:
    """The section that describes the table at this path."""
    section: type[BaseModel] = Settings
    for name in table:
        annotation = section.model_fields[name].annotation
        assert isinstance(annotation, type) and issubclass(annotation, BaseModel), table
        section = annotation
    return section


def _where(table: Sequence[str]) -> str:
    return f"`[{'.'.join(table)}]`" if table else "this file"
