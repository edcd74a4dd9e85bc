"""Published prices of the machines that the question is about, as data.

What it knows: names, US dollars per hour, where each number was published and when. What it must
not know: runs. Prices are on-demand Linux in the region given; nobody pays them for long, so a
price in a scenario may always be written out instead.

Elastic Inference is history: no new customers since 2023-04-15 (SageMaker developer guide, ei.md),
ended in April 2024 (AWS CLI reference, quoted by hashicorp/terraform-provider-aws#40992), gone from
AWS's clients since February 2025 (boto/botocore#3403). Its prices, of EC2 (``eia1``, ``eia2``) and
of SageMaker (``ml.eia1``, ``ml.eia2``), are kept so that what was measured then can be read.

A price that is *derived* from others, or *unverified* because no source of Amazon's was found, says
so wherever it is shown.
"""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ENDED", "PRICES", "Price", "Standing"]

ENDED = "Amazon ended Elastic Inference in April 2024, nobody can buy it"
"""Of its prices, wherever they are shown."""


class Standing(StrEnum):
    """How well a price is founded."""

    PUBLISHED = "published"
    """By Amazon, or the same number in many independent tables of Amazon's prices."""
    UNVERIFIED = "unverified"
    """Seen in one third party's text only."""
    DERIVED = "derived"
    """Computed from other prices here."""


@dataclass(frozen=True, slots=True)
class Price:
    """What an hour of something costs."""

    name: str
    usd_per_h: float
    standing: Standing
    source: str
    """Who published it."""
    date: str
    """When the number was valid, as far as is known: a year, or years."""

    @property
    def history(self) -> bool:
        """Tell whether it is of something that can no longer be had."""
        return self.name.removeprefix("ml.").startswith("eia")


_BLOG = "AWS blog 'Optimizing costs in Amazon Elastic Inference with TensorFlow', us-west-2"
_TABLES = "agreeing tables of EC2 on-demand prices, us-east-1"
_README = "a public workshop's README on SageMaker prices"
_DATES = "2019 to 2023"
_RATIO = "1.4 times the EC2 price, or that divided by 1.4: the ratio of every known accelerator"
_HALF = "half of a large one, as in the first generation"
_HOST = "1.25 times the EC2 price: the ratio of p2.xlarge, the one host of which both are known"


def _priced(standing: Standing, source: str, date: str, **usd_per_h: float) -> list[Price]:
    """Return prices of one origin; an underscore stands for the dot of a machine's name."""
    return [
        Price(name.replace("_", "."), usd, standing, source, date)
        for name, usd in usd_per_h.items()
    ]


_PUBLISHED, _UNVERIFIED, _DERIVED = Standing.PUBLISHED, Standing.UNVERIFIED, Standing.DERIVED

PRICES = {
    price.name: price
    for prices in (
        _priced(_PUBLISHED, _BLOG, "2019", eia1_medium=0.13, eia1_large=0.26, eia1_xlarge=0.52),
        _priced(_PUBLISHED, _BLOG, "2019", p2_xlarge=0.90),
        _priced(_PUBLISHED, _TABLES, _DATES, p3_2xlarge=3.06, g4dn_xlarge=0.526),
        _priced(_PUBLISHED, _TABLES, _DATES, c5_large=0.085, m5_large=0.096),
        _priced(_PUBLISHED, _TABLES, _DATES, t2_medium=0.0464, t3_xlarge=0.1664),
        _priced(_DERIVED, _RATIO, _DATES, eia2_large=0.24, eia2_xlarge=0.34),
        _priced(_DERIVED, _HALF, _DATES, eia2_medium=0.12, ml_eia2_medium=0.168),
        _priced(_UNVERIFIED, _README, _DATES, ml_p2_xlarge=1.125),
        _priced(_UNVERIFIED, _README, _DATES, ml_eia1_large=0.364, ml_eia1_xlarge=0.728),
        _priced(_UNVERIFIED, _README, _DATES, ml_eia2_large=0.336, ml_eia2_xlarge=0.476),
        _priced(_DERIVED, _RATIO, _DATES, ml_eia1_medium=0.182),
        _priced(_DERIVED, _HOST, _DATES, ml_p3_2xlarge=3.825, ml_g4dn_xlarge=0.6575),
        _priced(_DERIVED, _HOST, _DATES, ml_c5_large=0.10625, ml_m5_large=0.12, ml_t2_medium=0.058),
    )
    for price in prices
}
"""By name, as in ``price: t2.medium + eia2.medium``."""
