"""What the command line shows while it works and when it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from clusterstudy.runs.make import Outcome

if TYPE_CHECKING:
    from clusterstudy.review.compare import Comparison

console = Console(highlight=False, soft_wrap=True)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Say what is going on: turning on a terminal, one line elsewhere."""
    if console.is_terminal:
        with console.status(text):
            yield
    else:
        console.print(f"{text} ...")
        yield


@contextmanager
def progress(total: int) -> Iterator[Callable[[Outcome], None]]:
    """Yield what shows each ended run: under a bar on a terminal, one plain line elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("Running", total=total)
        done = 0

        def ended(outcome: Outcome) -> None:
            nonlocal done
            done += 1
            bar.advance(task)
            state = _state(outcome)
            place = f"{done:>{len(str(total))}}/{total}"
            console.print(f"{place}  {state:9}  {outcome.seconds:6.1f} s  {_name(outcome)}")

        yield ended


def summary(outcomes: list[Outcome]) -> str:
    """Return how a batch ended, with the cell, its first line and the error of each failure."""
    failed = [outcome for outcome in outcomes if outcome.failure]
    unchanged = sum(outcome.unchanged for outcome in outcomes)
    made = len(outcomes) - len(failed) - unchanged
    lines = [f"{made} reports made, {unchanged} unchanged, {len(failed)} failed."]
    lines += [
        f"{_name(outcome)}: tried again, for these workers were lost: {', '.join(outcome.lost)}"
        for outcome in outcomes
        if outcome.lost
    ]
    for outcome in failed:
        failure = outcome.failure
        assert failure
        lines += [
            f"{_name(outcome)}: cell [{failure.cell}]: {failure.line}",
            f"    {failure.error}",
            f"    partly executed: {outcome.folder}",
        ]
    return "\n".join(lines)


def show(text: str) -> None:
    """Print text as it is."""
    console.print(escape(text))


def show_markdown(text: str) -> None:
    """Print Markdown: laid out on a terminal, as it is elsewhere."""
    if console.is_terminal:
        console.print(Markdown(text))
    else:
        show(text)


def show_figures(found: Comparison) -> None:
    """Say how many figures were compared, and list those that differ."""
    show(f"{found.compared} figures compared, {len(found.differing)} differ.")
    for figure in found.differing.itertuples():
        show(f"{figure.table}: {figure.row}: {figure.column}: {figure.before} -> {figure.after}")


def _state(outcome: Outcome) -> str:
    return "FAILED" if outcome.failure else "unchanged" if outcome.unchanged else "ok"


def _name(outcome: Outcome) -> str:
    return f"{outcome.run.study}/{outcome.run.id}"
