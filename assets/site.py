"""What the settings of the site add to every asset."""

from datetime import timedelta

import dagster as dg

from analytics_pipeline.settings import Settings

OWNERS = ["team:learner-analytics"]

STALE_AFTER = timedelta(hours=26)
LOST_AFTER = timedelta(hours=50)
"""One night may be late, and one night may be missed, before freshness warns and fails."""


def for_site(
    asset: dg.AssetsDefinition, settings: Settings, days: dg.PartitionsDefinition | None = None
) -> dg.AssetsDefinition:
    """The asset with its owners, its days where it has some, and how fresh it must be where nights run."""
    freshness = (
        None
        if settings.schedule == "off"
        else dg.FreshnessPolicy.time_window(fail_window=LOST_AFTER, warn_window=STALE_AFTER)
    )
    return asset.map_asset_specs(
        lambda spec: spec.replace_attributes(owners=OWNERS, partitions_def=days, freshness_policy=freshness)
    )
