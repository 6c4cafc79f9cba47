"""What a study may ask for: the study file and the parameters of every notebook, typed.

Belongs here: the models, and turning what a user wrote into one line when it does not fit them. A
new parameter is one line in its notebook's model; the notebooks' ``parameters`` cells are written
from the models by ``make generate``. Does not belong here: what depends on the data, such as which
clusters there are (:mod:`clusterstudy.runs.plan`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, get_args, get_origin

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic.fields import FieldInfo

from clusterstudy.contract.vocabulary import PROGRAMME
from clusterstudy.errors import UserError
from clusterstudy.paths import PARAMS, ROOT

M = TypeVar("M", bound=BaseModel)


def _iso_date(value: object) -> str:
    """Return a date (as YAML reads it) or text of the form 2026-12-31 as that text."""
    try:
        return str(value if isinstance(value, date) else date.fromisoformat(str(value)))
    except ValueError:
        raise ValueError("Input should be a date such as 2026-12-31") from None


IsoDate = Annotated[str, BeforeValidator(_iso_date)]
DateOrNone = Annotated[str, BeforeValidator(lambda value: value and _iso_date(value))]
Covariate = Literal["size", "growth", "age", "productivity", "exporter", "industry", "region"]
Support = Literal["ignore", "covariate"]
Level = Annotated[float, Field(gt=0, lt=1)]
Years = Annotated[int, Field(ge=0, le=10)]
Share = Annotated[float, Field(ge=0, lt=0.5)]
SHOWN = 30  # names listed in a message
EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "too_short": "at least one entry",
}


class _Strict(BaseModel):
    """Refuses unknown keys and does not guess types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Common(_Strict):
    """What a study sets once for all its runs."""

    data: str = Field("demo", description="demo, michigan or a folder of tables")
    as_of: IsoDate = Field("2029-12-31", description="Use what was released by this date")
    lang: Literal["da", "en"] = Field("da", description="Language of the report")
    seed: int = Field(2026, ge=0, description="Seed of all random numbers")
    rules: str = Field("standard", description="Rule set of disclosure control")


class NotebookParameters(_Common):
    """What every notebook takes."""

    cluster: str = Field(PROGRAMME, description="programme (all clusters) or one cluster's code")
    min_firms: int = Field(5, ge=1, description="Fewest firms behind a figure that is shown")
    study: str = Field("", description="Name of the study, whose frozen baseline is cited")
    output: str = Field("", description="Folder for tables and figures; empty writes none")

    @property
    def requires(self) -> dict[str, str]:
        """Tables, besides those without which no study starts; and what mends their absence."""
        return {}

    @property
    def measures(self) -> tuple[str, ...]:
        """Measures of the impact model that the notebook cannot do without."""
        return ()


class _Comparison(NotebookParameters):
    """The firms and years that are compared, and what the comparison should be able to find."""

    first_year: int = Field(2016, ge=1980, le=2100, description="First year of the panel")
    programme_start: int = Field(2025, ge=1980, le=2100, description="First programme year")
    results_from: int = Field(2027, ge=1980, le=2100, description="First year with results")
    mergers: Literal["keep", "leave_out", "pool"] = Field(
        "keep", description="What is done with firms that merge or split"
    )
    other_programmes: Literal["ignore", "covariate", "exclude"] = Field(
        "ignore", description="Treatment of other public support"
    )
    level: Level = Field(0.95, description="Confidence level of intervals")
    power: Level = Field(0.8, description="Power of the minimum detectable effects")

    @property
    def requires(self) -> dict[str, str]:
        """The table of other support, where it is not left out of account."""
        if self.other_programmes == "ignore":
            return {}
        return {"other_support": "Add other_support, or set other_programmes: ignore"}

    @model_validator(mode="after")
    def _fit_each_other(self) -> Self:
        """Refuse years out of order, and a power that chance alone would give."""
        start, chance = self.programme_start, round(1 - self.level, 6)
        if self.first_year >= start:
            rule = f"first_year before programme_start ({start}) and found {self.first_year}"
        elif self.results_from < start:
            rule = (
                f"results_from not before programme_start ({start}) and found {self.results_from}"
            )
        elif self.power <= chance:
            rule = f"power above 1 - level ({chance}) and found {self.power}"
        else:
            return self
        raise ValueError(f"expected {rule}")


class BaselineParameters(_Comparison):
    """10_baseline: the baseline measurement."""

    outcomes: list[str] = Field(
        ["fte", "productivity", "value_added"], description="Measures to compute power for"
    )


class _Estimation(_Comparison):
    """How effects are estimated."""

    dose: Literal["any", "light", "membership", "project"] = Field("any", description="Dose")
    method: Literal["dr", "ipw", "or"] = Field("dr", description="Estimator")
    control: Literal["never", "not_yet"] = Field("never", description="Comparison group")
    anticipation: int = Field(0, ge=0, le=10, description="Years of anticipation")
    covariates: list[Covariate] = Field(
        ["size", "growth", "age"], description="Pre-treatment covariates"
    )
    winsorise: float = Field(0.01, ge=0, lt=0.5, description="Share winsorised at each end")
    leads: int = Field(5, ge=1, le=30, description="Years before entry that are looked at")
    min_treated: int = Field(20, ge=2, description="Fewest new entrants behind an estimate")
    max_off_support: float = Field(
        0.1, ge=0, le=1, description="Largest share of new entrants unlike every comparison firm"
    )

    @property
    def least_treated(self) -> int:
        """Fewest new entrants behind an estimate that is shown."""
        return max(self.min_treated, self.min_firms)


class ImpactParameters(_Estimation):
    """20_impact_did: staggered difference-in-differences."""

    outcome: str = Field("fte", description="Measure of the impact model")
    negative_controls: list[str] = Field(
        [], description="Measures that participation cannot move, as a placebo"
    )
    curve_covariates: list[str] = Field(
        ["none", "size", "size+growth+age+industry"],
        min_length=1,
        description="Covariate sets to try",
    )
    curve_anticipation: list[Years] = Field(
        [0, 1], min_length=1, description="Years of anticipation to try"
    )
    curve_winsorise: list[Share] = Field(
        [0.0, 0.01, 0.05], min_length=1, description="Shares winsorised to try"
    )
    curve_other_programmes: list[Support] = Field(
        ["ignore"], min_length=1, description="Ways to treat other public support to try"
    )

    @property
    def requires(self) -> dict[str, str]:
        """The table of other support, where the report or its curve takes account of it."""
        if "covariate" in self.curve_other_programmes:
            return {"other_support": "Add other_support, or leave covariate out of the curve"}
        return super().requires

    @property
    def measures(self) -> tuple[str, ...]:
        """The outcome, and the negative controls."""
        return (self.outcome, *self.negative_controls)


class ReadinessParameters(NotebookParameters):
    """30_readiness: readiness for commercialisation, with its uncertainty."""

    programme_start: int = Field(2025, ge=1980, le=2100, description="First programme year")
    replications: int = Field(10_000, ge=100, description="Monte Carlo replications")
    certainty: float = Field(0.8, gt=0.5, lt=1, description="Least probability to name a segment")
    level: Level = Field(0.9, description="Level of rank intervals")


class _Economy(NotebookParameters):
    """How the clusters' economy is looked at, and when it calls for attention."""

    accounts_due: int = Field(6, ge=1, le=24, description="Months from year end to accounts due")
    more_advance: float = Field(
        0.1, ge=0, le=1, description="Larger advance, as a share of running projects' grants"
    )
    months: int = Field(60, ge=12, le=240, description="Months simulated from the latest accounts")
    cost_growth: float = Field(0.0, ge=-0.5, le=0.5, description="Growth of costs a year")
    fee_cut: float = Field(0.2, ge=0, le=1, description="Share of planned fees that does not come")
    grant_until: int = Field(2028, ge=1980, le=2100, description="Last year with operating grant")
    advance_delay: int = Field(3, ge=0, le=11, description="Months that advances come late")
    replications: int = Field(10_000, ge=100, description="Monte Carlo replications")
    level: Level = Field(0.9, description="Level of intervals")
    alert_shortfall: float = Field(
        0.1, ge=0, le=1, description="Alert: private cash below plan by more than this share"
    )
    alert_equity: float = Field(0.15, ge=-1, le=1, description="Alert: equity ratio below")
    alert_current: float = Field(1.0, ge=0, description="Alert: current ratio below")
    alert_liquidity: float = Field(1.5, ge=0, description="Alert: months of own cash below")
    alert_days: int = Field(30, ge=0, description="Alert: accounts or report overdue, days above")
    alert_exposure: float = Field(0.3, ge=0, description="Alert: exposure by advances above")
    alert_exhaustion: float = Field(
        0.25, ge=0, le=1, description="Alert: probability of running out of own cash above"
    )
    record_years: int = Field(
        1, ge=1, le=2, description="Years after a check in which trouble counts as what followed"
    )

    @property
    def economy(self) -> dict[str, Any]:
        """What :func:`clusterstudy.finance.position.position` takes."""
        from clusterstudy.finance.cash import Assumptions

        assumed = {"months", "cost_growth", "fee_cut", "grant_until", "advance_delay"}
        taken = {"accounts_due", "more_advance", "min_firms", "rules"}
        taken |= {"replications", "level", "seed"}
        assumptions = Assumptions(**self.model_dump(include=assumed))
        return {"assumptions": assumptions, **self.model_dump(include=taken)}

    @property
    def limits(self) -> dict[str, float]:
        """The limit of every rule of the watch list."""
        return {
            "shortfall": self.alert_shortfall,
            "equity_ratio": self.alert_equity,
            "current_ratio": self.alert_current,
            "liquidity_months": self.alert_liquidity,
            "opinion": 0,
            "accounts_late": self.alert_days,
            "exposure": self.alert_exposure,
            "reports_late": self.alert_days,
            "exhaustion": self.alert_exhaustion,
        }


class SustainabilityParameters(_Economy):
    """40_sustainability: private income against plan, accounts, advances, cash to come."""

    max_spend_gap: float = Field(
        0.2, ge=0, le=1, description="Spending off the even plan, share of budget, to look at"
    )
    min_milestones: float = Field(
        0.8, ge=0, le=1, description="Share of planned milestones, below it to look at"
    )
    signed_by: str = Field("", description="Who signed off the limits of the alerts (a role)")
    signed_on: DateOrNone = Field("", description="Day of that; empty where nobody has")


class GuidepostParameters(NotebookParameters):
    """50_guideposts: the sheet for the strategic dialogue."""

    programme_start: int = Field(2025, ge=1980, le=2100, description="First programme year")
    question_share: float = Field(
        0.5, gt=0, le=1, description="Share of user payment from which a service opens a question"
    )
    question_providers: int = Field(
        10, ge=1, description="Private providers from which that question is about overlap"
    )


class ValidationParameters(NotebookParameters):
    """90_method_validation: published figures, reproduced."""

    data: str = Field("michigan", description="michigan: the published figures are of these data")
    panels: int = Field(200, ge=20, description="Simulated panels for the coverage of intervals")
    level: Level = Field(0.95, description="Confidence level of intervals")

    @property
    def requires(self) -> dict[str, str]:
        """The table that holds the published data's measures."""
        return {"firm_measures": "Add firm_measures"}


class BoardParameters(_Estimation, _Economy):
    """60_board_report: what is known, how surely, and what to discuss."""

    outcomes: list[str] = Field(
        ["fte", "productivity", "value_added"], description="Measures; the first is the primary"
    )
    costed: list[str] = Field(["fte"], description="Measures to set the grants against")
    previous: str = Field("", description="Folder or STUDY/RUN of an earlier board report")

    @property
    def measures(self) -> tuple[str, ...]:
        """The outcomes, and those to set the grants against."""
        return (*self.outcomes, *self.costed)


NOTEBOOKS: dict[str, type[NotebookParameters]] = {
    "10_baseline": BaselineParameters,
    "20_impact_did": ImpactParameters,
    "30_readiness": ReadinessParameters,
    "40_sustainability": SustainabilityParameters,
    "50_guideposts": GuidepostParameters,
    "60_board_report": BoardParameters,
    "90_method_validation": ValidationParameters,
}


class Meeting(_Strict):
    """The meeting a study's reports are made for."""

    title: str
    date: IsoDate
    item: str = ""
    annex: str = ""
    expected: bool = False  # until the day is confirmed


class RunSpec(_Strict):
    """A notebook, the parameters set for it, and those it is run over."""

    notebook: str
    set: dict[str, Any] = {}
    sweep: dict[str, Any] = {}
    label: str = ""


class Study(_Common):
    """One study file: what data, as known when, and which notebooks with which parameters."""

    title: str
    meeting: Meeting | None = None
    runs: list[RunSpec] = Field(min_length=1)


def load_study(name: str) -> tuple[Study, Path]:
    """Return a study and its file.

    Parameters
    ----------
    name
        Name of a file in ``params/`` without its ending, or the path of a YAML file.

    Raises
    ------
    UserError
        If there is no such file, it is not YAML, or a key, type or value is not allowed.
    """
    path = Path(name) if name.endswith((".yml", ".yaml")) else PARAMS / f"{name}.yml"
    if not path.is_file():
        studies = sorted(file.stem for file in PARAMS.glob("*.yml"))
        raise unknown("study", name, studies, where=shown(path.parent))
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"cannot be read: {error}", where=shown(path)) from None
    return parse_study(text, where=shown(path)), path


def parse_study(text: str, *, where: str) -> Study:
    """Return the study that a YAML text describes; UserError as :func:`load_study`."""
    return validated(Study, _parse(text, where), where=where)


def model_of(notebook: str, *, where: str) -> type[NotebookParameters]:
    """Return the parameter model of ``notebook``; UserError where there is none."""
    if notebook not in NOTEBOOKS:
        raise unknown("notebook", notebook, NOTEBOOKS, where=where)
    return NOTEBOOKS[notebook]


def validated(model: type[M], values: object, *, where: str, at: str = "") -> M:
    """Return ``values`` as a ``model``.

    Parameters
    ----------
    where, at
        The file that ``values`` come from, and their place in it (``runs[0].set``).

    Raises
    ------
    UserError
        One line about the first mistake: ``where``, the key, what was found, what is allowed.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _first_mistake(model, error, where, at) from None


def field_of(model: type[BaseModel], key: str) -> type[BaseModel]:
    """Return a model of the field ``key`` alone, to check a value by itself."""
    field = model.model_fields[key]
    definition: dict[str, Any] = {key: (field.annotation, field)}
    return create_model(key, __base__=_Strict, **definition)


def from_text(model: type[BaseModel], key: str, text: str) -> object:
    """Return what was written on a command line as a value for the field ``key``.

    Numbers and truth values are read as in YAML, lists are separated by commas. What is no YAML
    stays text.
    """
    annotation = model.model_fields[key].annotation
    if get_origin(annotation) is list:
        items = [item.strip() for item in text.split(",") if item.strip()]
        return items if _item(annotation) is str else [_as_yaml(item) for item in items]
    if annotation not in (int, float, bool):
        return text
    return _as_yaml(text)


def _as_yaml(text: str) -> object:
    """Return what a text means in YAML, itself where it is none."""
    try:
        return yaml.load(text, _Strictly)
    except yaml.YAMLError:
        return text


def unknown(what: str, found: object, allowed: Iterable[str], *, where: str) -> UserError:
    """Return the error for a name that is not among the allowed ones."""
    names = list(allowed)
    near = get_close_matches(str(found), names, n=1)
    guess = f"Did you mean {near[0]!r}? " if near else ""
    more = [f"and {len(names) - SHOWN} more"] if len(names) > SHOWN else []
    listed = ", ".join([*names[:SHOWN], *more]) or "none"
    return UserError(f"unknown {what} {found!r}", where=where, mend=f"{guess}Allowed: {listed}")


def shown(path: Path) -> str:
    """Return a path as messages show it: from the project's root where it lies in there."""
    whole = path.resolve()
    return str(whole.relative_to(ROOT) if whole.is_relative_to(ROOT) else path)


def choices(field: FieldInfo) -> tuple[str, ...]:
    """Return the values a field is limited to; empty where it is not."""
    annotation = field.annotation
    inner = get_args(annotation)[0] if get_origin(annotation) is list else annotation
    return get_args(inner) if get_origin(inner) is Literal else ()


def type_name(field: FieldInfo) -> str:
    """Return a field's type as it is written in a notebook: ``str``, ``float``, ``list[str]``."""
    annotation = field.annotation
    if get_origin(annotation) is list:
        return f"list[{_item(annotation).__name__}]"
    return annotation.__name__ if isinstance(annotation, type) else "str"


def _item(annotation: Any) -> type:
    """Return the type of a list's items: of text, where they are limited to some values."""
    inner = get_args(annotation)[0]
    inner = get_args(inner)[0] if get_origin(inner) is Annotated else inner
    return inner if isinstance(inner, type) else str


def parameters_cell(model: type[NotebookParameters]) -> str:
    """Return the source of a notebook's ``parameters`` cell, one ``name: type = value  # help``.

    Papermill's inspector reads it, so no help may hold ``=`` or ``#``.
    """
    return "\n".join(_parameter_line(name, field) for name, field in model.model_fields.items())


def _parameter_line(name: str, field: FieldInfo) -> str:
    value = field.get_default()
    written = repr(value) if isinstance(value, bool) else json.dumps(value, ensure_ascii=False)
    allowed = choices(field)
    limits = f": {', '.join(allowed)}" if allowed and not isinstance(value, list) else ""
    return f"{name}: {type_name(field)} = {written}  # {field.description}{limits}"


def _first_mistake(
    model: type[BaseModel], error: ValidationError, where: str, at: str
) -> UserError:
    mistakes = error.errors(include_url=False)
    mistake = next((m for m in mistakes if m["type"] == "extra_forbidden"), mistakes[0])
    location, found = mistake["loc"], mistake["input"]
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    place = (at + path).removeprefix(".")
    where = f"{where}: {place}" if place else where
    if mistake["type"] == "extra_forbidden":
        fields = _fields_at(model, location[:-1])
        return unknown("key", location[-1], fields, where=where)
    if mistake["type"] == "missing":
        return UserError("this key is required and missing", where=where)
    if mistake["type"] == "literal_error":
        allowed = mistake["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        return unknown("value", found, allowed, where=where)
    message = mistake["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if mistake["type"] == "value_error" and not location:
        return UserError(message, where=where)
    expected = EXPECTED.get(mistake["type"], message)
    return UserError(f"expected {expected} and found {_short(found)}", where=where)


def _fields_at(model: type[BaseModel], location: Iterable[int | str]) -> Mapping[str, FieldInfo]:
    """Return the fields of the model that an error's location lies in."""
    for part in location:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            inner = [annotation, *get_args(annotation)]
            model = next(a for a in inner if isinstance(a, type) and issubclass(a, BaseModel))
    return model.model_fields


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


class _Strictly(yaml.SafeLoader):
    """Reads YAML and names the line of a key that is no text or comes twice, and of bad values."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _mistake("a key is no text", key)
            if key.value in seen:
                raise _mistake(f"the key {key.value!r} is there more than once", key)
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, AttributeError):  # as PyYAML lets them through
            kind = node.tag.rpartition(":")[2]
            raise _mistake(f"{_short(node.value)} is no {kind}", node) from None


def _mistake(problem: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _parse(text: str, where: str) -> object:
    try:
        return yaml.load(text, _Strictly)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UserError(f"not valid YAML: {error.problem}", where=f"{where}{line}") from None
    except yaml.YAMLError as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"cannot be read: {reason}", where=where) from None
