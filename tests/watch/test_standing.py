from __future__ import annotations

from watch.standing import Dependency, Standing, worst


def test_the_whole_is_as_its_worst_part_and_well_where_there_is_none() -> None:
    parts = [Dependency(name, standing, "") for name, standing in zip("abc", Standing, strict=True)]
    assert worst(parts) is Standing.DOWN
    assert worst(parts[:2]) is Standing.DEGRADED
    assert worst([]) is Standing.HEALTHY
