"""The command line. Everything heavy is imported in the command that needs it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from clusterstudy.errors import UserError
from clusterstudy.paths import REPORTS, finished

app = typer.Typer(
    help="Show what Denmark's innovation clusters are worth: notebooks, checked data, reports.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # brackets in help texts are meant
    pretty_exceptions_enable=False,
)
Reports = Annotated[
    Path,
    typer.Option(
        help="Folder of the reports.", show_default="reports", file_okay=False, resolve_path=True
    ),
]


@app.command()
def run(
    studies: Annotated[list[str], typer.Argument(help="Studies in params/, or YAML files.")],
    only: Annotated[
        list[str] | None, typer.Option(help="NOTEBOOK[/CLUSTER], with * and ?. Repeatable.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="PARAMETER=VALUE for all runs. Repeatable.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Runs side by side.")] = 1,
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Scheduler of a Dask cluster to run on.")
    ] = None,
    lang: Annotated[str | None, typer.Option(help="Language of the reports: da or en.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Make unchanged reports too.")] = False,
    cold: Annotated[bool, typer.Option("--cold", help="Start every kernel plainly.")] = False,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Print each report as PDF, by a browser installed.")
    ] = False,
    reports: Reports = REPORTS,
) -> None:
    """Run studies and write their reports."""
    from clusterstudy.runs.local import local, warm_up

    if dask and (cold or workers != 1):
        raise UserError("--workers and --cold are for runs on this machine", where="--dask")
    nothing_to_keep = force or not (reports / "index.html").exists()
    if nothing_to_keep and not (dask or cold):
        warm_up(workers)

    from clusterstudy import console  # these load pandas, beside what was begun above
    from clusterstudy.report.pdf import browser
    from clusterstudy.runs.batch import carry_out, prepare, write_index
    from clusterstudy.runs.printing import print_reports
    from clusterstudy.runs.remote import connected

    settings = dict(_setting(text) for text in set_ or ()) | ({"lang": lang} if lang else {})
    printer = browser() if pdf else None
    with console.waiting("Checking the study and its data"):
        batch = prepare(studies, reports, only=only or (), settings=settings)
    for name, verdict in batch.verdicts.items():
        *findings, total = verdict.lines()
        told = [line for line in findings if not line.startswith("info")]
        console.show("\n".join([*told, f"Data {name}: {total}"]))
        if told:
            console.show(f"Whose rows they are: clusterstudy check {name}")
    if batch.refused:
        console.show("The gate refuses the data: nothing was run, earlier reports are untouched.")
        raise typer.Exit(1)
    place = connected(dask) if dask else local(workers, warm=not cold, data=batch.verdicts)
    with place as maker, console.progress(len(batch.runs)) as on_end:
        outcomes = carry_out(batch, maker, reports, force=force, on_end=on_end)
    console.show(console.summary(outcomes))
    if printer:
        with console.waiting("Printing"):
            printed = print_reports(outcomes, reports, printer)
        write_index(reports)
        console.show(f"{printed} reports printed as PDF.")
    console.show(f"Reports: {reports / 'index.html'}")
    raise typer.Exit(1 if any(outcome.failure for outcome in outcomes) else 0)


@app.command()
def why(
    run: Annotated[str, typer.Argument(help="STUDY/RUN, as the index names it.")],
    reports: Reports = REPORTS,
) -> None:
    """Say why a run would be made again, or that its report is unchanged."""
    from clusterstudy import console
    from clusterstudy.runs.batch import reasons

    console.show("\n".join(reasons(run, reports)))


@app.command()
def release(
    runs: Annotated[list[str], typer.Argument(help="STUDY/RUN, with * and ?.")],
    to: Annotated[Path, typer.Option(help="Folder of releases.", file_okay=False)],
    rules: Annotated[str, typer.Option(help="Rule set; without it the study's own.")] = "",
    data: Annotated[str, typer.Option(help="The reports' data, to know the firms' numbers.")] = "",
    reports: Reports = REPORTS,
) -> None:
    """Check reports and make the folder that may leave, or refuse and name output and rule."""
    from clusterstudy import console
    from clusterstudy.releasing import release_runs
    from clusterstudy.sources import open_dataset

    with console.waiting("Checking the outputs"):
        dataset = open_dataset(data) if data else None
        folder = release_runs(runs, reports, to.resolve(), rules=rules, data=dataset)
    console.show(f"Released: {folder}")


@app.command()
def check(
    data: Annotated[str, typer.Argument(help="demo, michigan or a folder of tables.")],
) -> None:
    """Pass data through the quality gate and list what it finds."""
    from clusterstudy import console
    from clusterstudy.quality import named, verdict_for
    from clusterstudy.sources import open_dataset

    with console.waiting("Checking the data"):
        dataset = open_dataset(data)
        verdict = verdict_for(dataset, REPORTS)
        lines = verdict.lines(named(dataset))
    console.show("\n".join(lines))
    raise typer.Exit(1 if verdict.status == "critical" else 0)


@app.command()
def freeze(
    study: Annotated[str, typer.Argument(help="Study in params/, or a YAML file.")],
    again: Annotated[bool, typer.Option("--again", help="Replace a frozen baseline.")] = False,
) -> None:
    """Freeze a study's baseline: table, hash and date, to be committed and cited."""
    from clusterstudy import console
    from clusterstudy.freezing import freeze_study

    with console.waiting("Freezing the baseline"):
        record = freeze_study(study, again=again)
    console.show(f"Frozen baseline: {record} and {record.with_suffix('.csv').name}")


@app.command()
def register(
    study: Annotated[str, typer.Argument(help="Study in params/, or a YAML file.")],
    again: Annotated[bool, typer.Option("--again", help="Register an amended plan.")] = False,
) -> None:
    """Register a study's file as its pre-analysis plan, with hash and date, to be committed."""
    from clusterstudy.runs.registered import register as register_study

    typer.echo(f"Registered plan: {register_study(study, again=again)}")


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="STUDY/RUN, or a report's folder.")],
    after: Annotated[str, typer.Argument(help="Another one.")],
    reports: Reports = REPORTS,
) -> None:
    """Compare two reports: what they were made from, and every figure that differs."""
    from clusterstudy import console
    from clusterstudy.review import compare

    old, new = finished(before, reports), finished(after, reports)
    console.show("\n".join(compare.origins(old, new) or ["Made from the same."]))
    console.show_figures(compare.compare_tables(old / "tables", new / "tables"))


@app.command()
def pack(
    run: Annotated[str, typer.Argument(help="STUDY/RUN, or the folder of a released report.")],
    to: Annotated[Path, typer.Option(help="The zip file to write.")],
    reports: Reports = REPORTS,
) -> None:
    """Pack a report for a reviewer: code, lock, demo data and expected figures (RO-Crate)."""
    from clusterstudy import console
    from clusterstudy.review.pack import pack as pack_report

    with console.waiting("Packing"):
        written = pack_report(run, to, reports)
    console.show(f"Review pack: {written}")


@app.command()
def verify(
    pack: Annotated[Path, typer.Argument(help="A review pack.", exists=True, dir_okay=False)],
) -> None:
    """Check a review pack, run its notebook again and compare its figures."""
    from clusterstudy import console
    from clusterstudy.review.verify import verify as verify_pack

    with console.waiting("Running the pack's notebook on its data"):
        found = verify_pack(pack)
    console.show(f"{found.files} files are as the pack names them.")
    if found.place:
        console.show("\n".join(["Here, other than where the report was made:", *found.place]))
    console.show_figures(found.figures)
    raise typer.Exit(1 if len(found.figures.differing) else 0)


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Folder to write the tables to.")],
    firms: Annotated[int, typer.Option(min=100, help="Number of firms.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")] = 2026,
    dirt: Annotated[bool, typer.Option("--dirt", help="Add recorded errors to the data.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Write CSV instead of Parquet.")] = False,
) -> None:
    """Write a synthetic Denmark with a known truth."""
    from clusterstudy.demo import generate

    generate(folder, firms=firms, seed=seed, dirt=dirt, format="csv" if csv else "parquet")
    typer.echo(f"Demo data: {folder.resolve()}")


@app.command()
def explain(
    term: Annotated[
        str, typer.Argument(help="A table, column, measure, notebook or parameter.")
    ] = "",
) -> None:
    """Explain a table, a column, a measure, a notebook or a parameter."""
    from clusterstudy import console
    from clusterstudy.explain import explain as explanation

    console.show_markdown(explanation(term))


@app.command()
def lab() -> None:
    """Open the notebooks in JupyterLab, without news or update checks."""
    from clusterstudy.runs.lab import open_lab

    raise typer.Exit(open_lab())


@app.command()
def index(
    reports: Annotated[
        Path,
        typer.Option(
            help="Folder of the reports.",
            show_default="reports",
            exists=True,
            file_okay=False,
            resolve_path=True,
        ),
    ] = REPORTS,
) -> None:
    """Write reports/index.html again from the reports that lie there."""
    from clusterstudy.runs.batch import write_index

    typer.echo(f"Reports: {write_index(reports)}")


def main() -> None:
    """Run the command line; a mistake, or a file that cannot be used, is one line and status 2."""
    try:
        app()
    except UserError as error:
        _refuse(error)
    except OSError as error:
        where, what = str(error.filename or ""), error.strerror or str(error)
        mend = "See that the place exists, that you may read and write there, and that it has room"
        _refuse(UserError(what, where=where, mend=mend))
    except KeyboardInterrupt:
        typer.echo("clusterstudy: interrupted; finished reports are whole", err=True)
        sys.exit(130)


def _refuse(error: UserError) -> NoReturn:
    typer.echo(f"clusterstudy: {error}", err=True)
    sys.exit(2)


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise UserError(f"expected PARAMETER=VALUE and found {text!r}", where="--set")
    return key.strip(), value.strip()
