import pytest

from analytics_pipeline.admin.auth.sessions import local_path


@pytest.mark.parametrize(
    "target",
    ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "/a\r\nb", "", None, "x"],
)
def test_sign_in_leads_to_no_other_site(target: str | None) -> None:
    assert local_path(target) == "/"


def test_sign_in_leads_back_to_the_page_that_was_asked_for() -> None:
    assert local_path("/course/algebra?range=7") == "/course/algebra?range=7"
