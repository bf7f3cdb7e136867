"""Short work off the window's thread: answers, failures, and what is dropped."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from napari_tessera.contract.errors import InputError, WorkerDiedError
from napari_tessera.jobs import errands as room
from napari_tessera.jobs.errands import Errands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@pytest.fixture
def posts() -> queue.Queue[Callable[[], None]]:
    return queue.Queue()


@pytest.fixture
def errands(posts: queue.Queue[Callable[[], None]]) -> Iterator[Errands]:
    made = Errands(posts.put)
    yield made
    made.close()


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have the next children run a script instead of this package."""

    def script(text: str) -> None:
        def start(_arguments: Sequence[str]) -> subprocess.Popen[str]:
            return subprocess.Popen(
                [sys.executable, "-c", text],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, start_new_session=True,
            )  # fmt: skip

        monkeypatch.setattr(room, "_start_child", start)

    return script


def _forbidden(error: Exception) -> None:
    raise AssertionError(error)


def test_an_answer_is_taken_by_whoever_owns_the_errands(
    errands: Errands, posts: queue.Queue[Callable[[], None]]
) -> None:
    answers: list[tuple[object, object]] = []
    me = threading.current_thread()
    errands.send(
        threading.current_thread,
        lambda worker: answers.append((worker is me, threading.current_thread() is me)),
        _forbidden,
    )
    posts.get(timeout=5)()
    assert answers == [(False, True)]


def test_a_failure_is_taken_as_the_exception_it_was(
    errands: Errands, posts: queue.Queue[Callable[[], None]]
) -> None:
    failures: list[Exception] = []
    errands.send(lambda: 1 / 0, lambda _: None, failures.append)
    posts.get(timeout=5)()
    assert [type(error) for error in failures] == [ZeroDivisionError]


def test_an_answer_after_closing_is_dropped(
    errands: Errands, posts: queue.Queue[Callable[[], None]]
) -> None:
    answers: list[int] = []
    errands.send(lambda: 1, answers.append, _forbidden)
    late = posts.get(timeout=5)
    errands.close()
    late()
    assert answers == []


def test_closing_waits_no_longer_than_told(errands: Errands) -> None:
    release = threading.Event()
    errands.send(lambda: release.wait(10), lambda _: None, _forbidden)
    began = time.monotonic()
    errands.close(0.2)
    release.set()
    assert time.monotonic() - began < 1.0


def test_the_last_object_that_a_child_prints_is_its_answer(
    errands: Errands, scripted: Callable[[str], None]
) -> None:
    scripted('print("noise"); print(\'{"a": 1}\'); print(\'{"a": 2}\')')
    assert errands.ask_child(["check"]) == {"a": 2}


def test_a_refusal_with_a_report_is_an_answer(
    errands: Errands, scripted: Callable[[str], None]
) -> None:
    scripted("print('{\"report\": {}}'); raise SystemExit(2)")
    assert errands.ask_child(["check"]) == {"report": {}}


def test_what_a_child_says_about_bad_input_is_raised(
    errands: Errands, scripted: Callable[[str], None]
) -> None:
    scripted('print(\'{"message": "found none", "hint": "give one"}\'); raise SystemExit(2)')
    with pytest.raises(InputError, match="found none give one"):
        errands.ask_child(["check"])


def test_a_child_that_dies_says_its_last_words(
    errands: Errands, scripted: Callable[[str], None]
) -> None:
    scripted("raise RuntimeError('the last words')")
    with pytest.raises(WorkerDiedError, match="the last words"):
        errands.ask_child(["check"])


def test_a_child_whose_answer_is_stale_is_killed(
    errands: Errands, scripted: Callable[[str], None]
) -> None:
    scripted("import time; time.sleep(30)")
    began = time.monotonic()
    with pytest.raises(WorkerDiedError):
        errands.ask_child(["check"], stale=lambda: True)
    assert time.monotonic() - began < 5


def test_a_child_is_killed_when_everything_closes(
    errands: Errands, scripted: Callable[[str], None]
) -> None:
    scripted("import time; time.sleep(30)")
    errands.send(lambda: errands.ask_child(["check"]), lambda _: None, lambda _: None)
    time.sleep(0.3)
    began = time.monotonic()
    errands.close(3.0)
    assert time.monotonic() - began < 2.5
    assert not errands.busy
