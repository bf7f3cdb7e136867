"""The line that says how far a fit is."""

from __future__ import annotations

import io

from napari_tessera.cli.progress_bar import ProgressBar, line_of
from napari_tessera.contract.progress import Progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_line_says_share_step_loss_and_time_left() -> None:
    progress = Progress(
        stage="fitting", step=30, n_steps=60, losses={"total": 1.23456}, elapsed_s=10, fraction=0.5
    )
    line = line_of(progress)
    for part in ("50%", "fitting", "step 30/60", "loss 1.235", "10 s left"):
        assert part in line


def test_time_left_is_not_guessed_from_nothing() -> None:
    assert "left" not in line_of(Progress(stage="fitting", elapsed_s=1, fraction=0.001))


def test_long_times_are_said_in_minutes_and_hours() -> None:
    assert "10 min left" in line_of(Progress(stage="f", elapsed_s=600, fraction=0.5))
    assert "3.0 h left" in line_of(Progress(stage="f", elapsed_s=10800, fraction=0.5))


def test_a_file_gets_one_line_per_stage() -> None:
    stream = io.StringIO()
    bar = ProgressBar(stream)
    for stage in ("a", "a", "b"):
        bar.report(Progress(stage=stage))
    bar.close()
    assert stream.getvalue() == "a\nb\n"


def test_a_terminal_gets_its_line_back() -> None:
    stream = _Terminal()
    bar = ProgressBar(stream)
    bar.report(Progress(stage="a"))
    bar.close()
    assert stream.getvalue().endswith("\r")


def test_a_message_stays() -> None:
    stream = _Terminal()
    bar = ProgressBar(stream)
    bar.report(Progress(stage="a"))
    bar.report(Progress(stage="a", message="a score"))
    assert "a score\n" in stream.getvalue()
