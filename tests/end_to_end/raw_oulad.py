"""What the OULAD files say, counted with pandas and without any code of the pipeline."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

MONTHS = {"B": "02", "J": "10"}
PASS_SCORE = 40

Cell = tuple[object, ...]


class RawFiles:
    """The data set in `folder`, restricted to some modules."""

    def __init__(self, folder: Path, modules: Sequence[str]) -> None:
        self._folder = folder
        self._modules = list(modules)
        courses = self._read("courses")
        code = courses["code_presentation"]
        starts = pd.to_datetime(code.str[:4] + "-" + code.str[4].map(MONTHS) + "-01")
        self._start = dict(zip(courses["course_id"], starts, strict=True))
        self._length = dict(zip(courses["course_id"], courses["module_presentation_length"], strict=True))

    def events(self) -> pd.DataFrame:
        """One row per event: course_id, day, id_student, kind, and id_site where it is a view."""
        registered = self._read("studentRegistration").dropna(subset="date_registration")
        info = self._read("studentInfo")
        passed = info[info["final_result"].isin(["Pass", "Distinction"])]
        attempts = self._attempts()
        events = pd.concat(
            [
                self._read("studentVle").assign(kind="views"),
                registered.assign(kind="enrolments", date=registered["date_registration"]),
                passed.assign(kind="completions", date=passed["course_id"].map(self._length)),
                attempts.assign(kind="quiz_attempts"),
                attempts[attempts["score"] >= PASS_SCORE].assign(kind="quiz_passes"),
            ],
            ignore_index=True,
        )
        since_start = pd.to_timedelta(events["date"].astype("int64"), unit="D")
        events["day"] = (events["course_id"].map(self._start) + since_start).dt.date
        return events[["course_id", "day", "date", "id_student", "kind", "id_site"]]

    def _attempts(self) -> pd.DataFrame:
        assessments = self._read("assessments").drop(columns="date")
        submitted = pd.read_parquet(self._folder / "studentAssessment.parquet").query("is_banked == 0")
        return submitted.merge(assessments, on="id_assessment").assign(
            date=lambda rows: rows["date_submitted"]
        )

    def _read(self, table: str) -> pd.DataFrame:
        (path,) = [*self._folder.glob(f"{table}.parquet"), *self._folder.glob(f"{table}_*.parquet")]
        rows = pd.read_parquet(path, filters=[("code_module", "in", self._modules)])
        return rows.assign(course_id=rows["code_module"] + "-" + rows["code_presentation"])


def course_daily(events: pd.DataFrame) -> set[Cell]:
    """(course_id, day, learners, views, quiz_attempts, quiz_passes, enrolments, completions) of every day."""
    keys = ["course_id", "day"]
    learners = events.groupby(keys)["id_student"].nunique().rename("learners")
    by_kind = events.groupby([*keys, "kind"])["id_student"]
    counts = by_kind.size().unstack(fill_value=0)[["views", "quiz_attempts", "quiz_passes"]]
    persons = by_kind.nunique().unstack(fill_value=0)[["enrolments", "completions"]]
    return _cells(pd.concat([learners, counts, persons], axis=1))


def lesson_daily(events: pd.DataFrame) -> set[Cell]:
    """(course_id, lesson_idx, day, views, viewers) of every lesson and day."""
    views = events[events["kind"] == "views"]
    first_used = views.groupby(["course_id", "id_site"])["date"].min().reset_index()
    ordered = first_used.sort_values(["course_id", "date", "id_site"])
    ordered["lesson_idx"] = ordered.groupby("course_id").cumcount()
    lessons = views.merge(ordered[["course_id", "id_site", "lesson_idx"]], on=["course_id", "id_site"])
    by_lesson = lessons.groupby(["course_id", "lesson_idx", "day"])["id_student"]
    return _cells(pd.concat([by_lesson.size(), by_lesson.nunique()], axis=1))


def _cells(table: pd.DataFrame) -> set[Cell]:
    keys = [key if isinstance(key, tuple) else (key,) for key in table.index]
    values = table.astype("int64").itertuples(index=False)
    return {(*key, *row) for key, row in zip(keys, values, strict=True)}
