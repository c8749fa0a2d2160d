"""A batch under way: tasks go to processes, or to a cluster, and results come back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from bgsub.batch.plan import Plan
from bgsub.batch.results import Result, remove_parts
from bgsub.batch.settings import Task
from bgsub.jobs.processes import Meter, Outcome, prepare, run_all

WORK = "bgsub.batch.work"
"""What processes load; whoever hands out tasks need not."""
ATTEMPTS = 3
"""How often a file is tried whose process dies."""

Runner = Callable[[list[Task], Callable[[int], object]], Iterator[tuple[Task, Outcome[Result]]]]
"""(tasks, called with how many more frames are done) -> tasks with their outcomes, as they come."""


class Session:
    """Works through a plan.

    Parameters
    ----------
    plan : Plan

    Attributes
    ----------
    results : dict of str to Result
        Name of an input → what became of it, of those that are done or have failed.
    waiting : dict of str to Task
        The others.
    """

    def __init__(self, plan: Plan) -> None:
        self.results = {result.name: result for result in plan.kept}
        self.waiting = {task.now.name: task for task in plan.tasks}
        self._order = plan.order
        self._deaths: Counter[str] = Counter()

    def run(self, runner: Runner, tick: Callable[[int], object] = lambda frames: None,
            done: Callable[[Result], object] = lambda result: None) -> None:
        """Do all that waits; a file whose process dies is tried again when all others have been.

        Parameters
        ----------
        runner : callable
            Such as `here`.
        tick : callable, optional
            Called with how many more frames are done; fewer than 0 if some have to be done again.
        done : callable, optional
            Called with the result of each file, also of one that failed.
        """
        tasks = list(self.waiting.values())
        try:
            while tasks:
                again = []
                for task, outcome in runner(tasks, tick):
                    if outcome.died_at is not None and self._try_again(task):
                        tick(-outcome.n_lost)
                        again.append(task)
                        continue
                    self._take(task, outcome)
                    done(self.results[task.now.name])
                tasks = again
        finally:
            for task in self.waiting.values():
                remove_parts(Path(task.folder))

    def ordered(self) -> list[Result]:
        """Results by the order of the inputs."""
        return [self.results[name] for name in self._order if name in self.results]

    def _try_again(self, task: Task) -> bool:
        self._deaths[task.now.name] += 1
        remove_parts(Path(task.folder))
        return self._deaths[task.now.name] < ATTEMPTS

    def _take(self, task: Task, outcome: Outcome[Result]) -> None:
        remove_parts(Path(task.folder))  # of those that died over it
        error = outcome.error
        if outcome.died_at is not None:
            error = f"{error}, {ATTEMPTS} times{' (for want of memory?)' if error.endswith('SIGKILL') else ''}"
        self.results[task.now.name] = outcome.result or replace(task.now, error=error)
        del self.waiting[task.now.name]


def here(n_jobs: int) -> Runner:
    """Processes of this computer, so many at a time, which start up once."""

    def run(tasks: list[Task], tick: Callable[[int], object]) -> Iterator[tuple[Task, Outcome[Result]]]:
        prepare(WORK)
        return run_all(_process, tasks, n_jobs, tick, lasting=True)

    return run


def _process(task: Task, meter: Meter) -> Result:
    """What processes call."""
    from bgsub.batch.work import process

    return process(task, meter)
