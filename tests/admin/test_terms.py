from analytics_pipeline.admin.dashboard.terms import glossary
from analytics_pipeline.admin.rules import rules_of
from analytics_pipeline.settings import Settings


def test_what_a_number_counts_is_explained_once() -> None:
    titles = [term.title for term in glossary(rules_of(Settings())).values()]
    assert sorted(titles) == sorted(set(titles))
