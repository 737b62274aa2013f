"""What values settings take; the message of what is refused follows the words "cannot be used: "."""

import re
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, SecretStr

Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]


def _known_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("it is no IANA time zone; write for example Europe/Paris")
    return value


def _known_store(value: str) -> str:
    if "://" in value and not re.match("s3://[^/]", value):
        raise ValueError("it is no place for the lake; write a folder or s3://bucket/prefix")
    return value


def _known_cluster(value: str) -> str:
    if not re.match("(spark|sc)://[^/]", value):
        raise ValueError("it names no cluster; write spark://host:port or sc://host:port")
    return value


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 16:
        raise ValueError("it has fewer than 16 characters; take the output of openssl rand -hex 32")
    return value


def _schema_and_view(value: str) -> str:
    if [bool(part) for part in value.split(".")] != [True, True]:
        raise ValueError("it names no view; write it as schema.view")
    return value


TimeZoneName = Annotated[str, AfterValidator(_known_zone)]
LakePlace = Annotated[str, AfterValidator(_known_store)]
SparkCluster = Annotated[str, AfterValidator(_known_cluster)]
HmacKey = Annotated[SecretStr, AfterValidator(_long_enough)]
ViewName = Annotated[str, AfterValidator(_schema_and_view)]
