# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's values become plain data before anything is made of them."""

from __future__ import annotations

import typing as t

import pytest
from ansible.template import trust_as_template
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._gather import (
    clock_offset,
    plain,
    spelled,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._texts import yaml_text


@pytest.mark.parametrize(
    "value", [True, False, 0, 3, 0.5, "a", None, [], {"a": ["b", {"c": None}]}, ("x", "y")]
)
def test_plain_data_stays(value: t.Any) -> None:
    found = plain(value)
    assert found == (list(value) if isinstance(value, tuple) else value)
    assert type(found) is (list if isinstance(value, tuple) else type(value))


def test_marked_texts_can_be_written() -> None:
    marked = {"etcd-s3-secret-key": trust_as_template("canary"), "n": [trust_as_template("x")]}
    assert type(plain(marked)["etcd-s3-secret-key"]) is str
    assert yaml_text(plain(marked)) == "etcd-s3-secret-key: canary\nn:\n- x\n"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("fd77:0:0:0::21,10.77.0.21", "fd77::21,10.77.0.21"),
        ("FD00::0001 , 10.0.0.1", "fd00::1,10.0.0.1"),
        ("10.0.0.1", "10.0.0.1"),
        ("no address", "no address"),
        ("", ""),
    ],
)
def test_an_address_is_spelled_as_hosts_spell_it(said: str, meant: str) -> None:
    assert spelled({"node_address": said, "vip": said, "port": 1}) == {
        "node_address": meant,
        "vip": meant,
        "port": 1,
    }


@pytest.mark.parametrize(
    ("there", "offset"),
    [
        ((100.0, 101.0), 0.0),
        ((113.0, 114.0), 0.0),
        ((116.5, 117.5), 2.5),
        ((97.0, 98.0), -3.0),
    ],
    ids=["fast way there", "slow way there", "ahead", "behind"],
)
def test_a_slow_connection_is_no_wrong_clock(there: tuple[float, float], offset: float) -> None:
    assert clock_offset((100.0, 115.0), there) == offset
