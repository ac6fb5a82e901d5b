"""Giving jobs to the process that decodes: it is there only as long as there is work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from transcriber.jobs.slices import Slices
from transcriber.jobs.turns import Wanted
from transcriber.worker.messages import WINDOW, Message, Order
from transcriber.worker.process import Decoder

_MOST = 8
"""Jobs that the process has at a time. It decodes up to as many windows at once, and one that it
has keeps its turn whatever comes after."""

_PATIENCE = 20.0
"""Seconds after which a process is ended that does not give up a job: reading a recording of hours
takes some, a window at most a few."""

_RETRY = 1.0
"""Seconds after which it is tried again to start a process."""


class Feeding:
    """Keeps a process that decodes at work, in a thread of its own.

    Parameters
    ----------
    lock : RLock
        Held while any of the callables runs.
    keep_alive : float
        Seconds that the process stays without a job.
    wanted : callable
        Returns what may begin, in its order.
    begun : callable
        Is told which job was given to the process.
    set_aside : callable
        Is told which job makes way for one with other options.
    told : callable
        Is given what the process says.
    died : callable
        Is told which jobs a process had when it died, how, and whether one of them may be the
        cause.
    """

    def __init__(
        self,
        lock: threading.RLock,
        *,
        keep_alive: float,
        wanted: Callable[[], list[Wanted]],
        begun: Callable[[str], None],
        set_aside: Callable[[str], None],
        told: Callable[[Message], None],
        died: Callable[[Sequence[str], str, bool], None],
    ) -> None:
        self._lock = lock
        self._changed = threading.Condition(lock)
        self._keep_alive = keep_alive
        self._wanted = wanted
        self._begun = begun
        self._set_aside = set_aside
        self._told = told
        self._died = died
        self._decoder: Decoder | None = None
        self._words: tuple[str, ...] = ()
        self._alone = False
        self._slices = Slices()
        # What somebody waits for, and cannot be decoded beside what runs.
        self._held_up: Wanted | None = None
        self._idle_since = 0.0
        # When each job was given up that the process still has.
        self._given_up: dict[str, float] = {}
        # Whether it is our own wish that the process ends.
        self._is_ending = False
        self._is_refused = False
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def jobs(self) -> tuple[str, ...]:
        """The jobs that the process has."""
        return self._decoder.jobs if self._decoder else ()

    @property
    def pid(self) -> int | None:
        """The number of the process; None while there is none."""
        return self._decoder.pid if self._decoder else None

    def wake(self) -> None:
        """Look again what may begin."""
        with self._changed:
            self._changed.notify_all()

    def cancel(self, job: str) -> None:
        """Have a job given up, if the process has it."""
        with self._changed:
            if self._decoder is not None and job in self._decoder.jobs:
                self._given_up.setdefault(job, time.monotonic())
                self._decoder.cancel(job)
                self._changed.notify_all()

    def stop(self) -> None:
        """End the process, and begin no other."""
        with self._changed:
            self._is_stopped = True
            decoder, self._decoder = self._decoder, None
            self._changed.notify_all()
        if decoder is not None:
            decoder.kill()
        self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._is_stopped:
                self._feed()
                self._changed.wait(self._rest())

    def _feed(self) -> None:
        self._held_up = None
        if self._is_ending:
            return
        wanted = self._slices.in_order(self._wanted())
        for one in wanted:
            order, jobs = one.order, self.jobs
            # One that is still being given up cannot begin anew.
            if order.job in jobs:
                continue
            if len(jobs) >= _MOST or (jobs and not self._is_beside(one)):
                break
            decoder = self._decoder or self._start(order)
            if decoder is None:
                return
            self._words, self._alone = order.words, one.alone
            self._slices.begun(one, beside=jobs)
            decoder.order(order)
            self._begun(order.job)
        if jobs := self.jobs:
            waiting = (one for one in wanted if one.urgent and one.order.job not in jobs)
            self._held_up = next((one for one in waiting if not self._is_beside(one)), None)

    def _is_beside(self, one: Wanted) -> bool:
        """Return whether a job can be decoded beside those that run."""
        return one.order.words == self._words and not (one.alone or self._alone)

    def _start(self, order: Order) -> Decoder | None:
        """Start a process for an order; None where that cannot be."""
        try:
            self._decoder = Decoder(self._lock, told=self._hear, ended=self._end)
        except OSError as error:
            self._is_refused = True
            self._begun(order.job)
            self._died((order.job,), f"it cannot be started: {error.strerror}", True)
        return self._decoder

    def _rest(self) -> float | None:
        """Do what time asks for; return the seconds until it does again."""
        if self._decoder is None:
            refused, self._is_refused = self._is_refused, False
            return _RETRY if refused else None
        now = time.monotonic()
        slice_left = self._slice_left()
        if self._given_up:
            left = min(self._given_up.values()) + _PATIENCE - now
            if left <= 0:
                # The others continue where it stopped.
                self._given_up.clear()
                self._is_ending = True
                threading.Thread(target=self._decoder.kill, daemon=True).start()
                return None
            return left
        if self._decoder.jobs:
            self._idle_since = now
            return slice_left
        left = self._idle_since + self._keep_alive - now
        if left <= 0:
            self._decoder.dismiss()
            self._decoder = None
            return None
        return left

    def _slice_left(self) -> float | None:
        """Return the seconds until what runs makes way, if it will; have it do so at the end."""
        if self._held_up is None or self._given_up:
            return None
        jobs = self.jobs
        left = self._slices.left(self._held_up, jobs)
        if left == 0:
            self._slices.make_way(self._held_up, jobs)
            for job in jobs:
                self._set_aside(job)
                self.cancel(job)
        return left

    def _hear(self, message: Message) -> None:
        with self._changed:
            if message["event"] == WINDOW:
                self._slices.decoded()
                if self._held_up:
                    self._changed.notify_all()
            if message["job"] not in self.jobs:
                self._given_up.pop(message["job"], None)
                self._idle_since = time.monotonic()
                self._changed.notify_all()
        self._told(message)

    def _end(self, decoder: Decoder, jobs: tuple[str, ...], why: str) -> None:
        with self._changed:
            if self._decoder is decoder:
                self._decoder = None
                self._given_up.clear()
                ending, self._is_ending = self._is_ending, False
                if jobs or why:
                    self._died(jobs, why or "it ended", not ending)
            self._changed.notify_all()
