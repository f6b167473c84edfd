# SPDX-License-Identifier: GPL-3.0-or-later
"""Property strings, sizes and tags keep what they say."""

from __future__ import annotations

import pytest
from fakepve.model import PveError
from hypothesis import given
from hypothesis import strategies as st
from lab.pve.guests import option_privilege, root_only
from lab.pve.wire import (
    config_value,
    format_properties,
    format_size,
    parse_properties,
    parse_size,
    tag_list,
)

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
VALUES = st.from_regex(r"[A-Za-z0-9:/._-]{1,12}", fullmatch=True)
CONFIG = "/nodes/{node}/qemu/{vmid}/config"


@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_property_strings_round_trip(options: dict[str, str]) -> None:
    text = format_properties(options)
    assert parse_properties(text) == options
    keys = [part.partition("=")[0] for part in text.split(",") if part]
    assert keys == sorted(keys)


@given(VALUES, st.dictionaries(NAMES.filter(lambda name: name != "file"), VALUES, max_size=4))
def test_default_key_comes_first_and_bare(volume: str, options: dict[str, str]) -> None:
    text = format_properties({"file": volume, **options}, default_key="file")
    assert text.split(",")[0] == volume
    assert parse_properties(text, "file") == {"file": volume, **options}


@given(st.integers(min_value=1, max_value=2**50))
def test_sizes_round_trip(size: int) -> None:
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize("text", ["", "big", "-1G", "1P", "1 G"])
def test_no_size(text: str) -> None:
    with pytest.raises(PveError):
        parse_size(text)


@given(st.lists(st.from_regex(r"[A-Za-z0-9_]{1,6}", fullmatch=True)), st.sampled_from(";, "))
def test_tags_are_a_sorted_set(tags: list[str], separator: str) -> None:
    stored = tag_list(separator.join(tags))
    assert stored == ";".join(sorted({tag.lower() for tag in tags}))
    assert tag_list(stored) == stored


@pytest.mark.parametrize(
    ("key", "value", "wire"),
    [
        ("cores", "4", 4),
        ("onboot", "1", 1),
        ("memory", "2048", "2048"),
        ("memory", 2048, "2048"),
        ("agent", "1", "1"),
        ("balloon", "0", 0),
        ("name", "7", "7"),
        ("net0", "virtio", "virtio"),
    ],
)
def test_wire_types(key: str, value: object, wire: object) -> None:
    assert config_value(CONFIG, key, value) == wire
    assert type(config_value(CONFIG, key, value)) is type(wire)


@pytest.mark.parametrize(
    ("key", "value", "privilege"),
    [
        ("cores", "2", "VM.Config.CPU"),
        ("memory", "2", "VM.Config.Memory"),
        ("net0", "virtio", "VM.Config.Network"),
        ("ipconfig0", "ip=dhcp", "VM.Config.Network"),
        ("ciuser", "a", "VM.Config.Cloudinit"),
        ("scsi0", "local:1", "VM.Config.Disk"),
        ("ide2", "local:cloudinit", "VM.Config.CDROM"),
        ("ide2", "local:iso/a.iso,media=cdrom", "VM.Config.CDROM"),
        ("unused0", "local:x", "VM.Config.Disk"),
        ("boot", "order=scsi0", "VM.Config.Disk"),
        ("scsihw", "virtio-scsi-single", "VM.Config.HWType"),
        ("numa", "1", "VM.Config.CPU"),
        ("numa0", "cpus=0", "VM.Config.HWType"),
        ("tags", "a", "VM.Config.Options"),
        ("name", "a", "VM.Config.Options"),
    ],
)
def test_privilege_of_an_option(key: str, value: str, privilege: str) -> None:
    assert option_privilege(key, value) == privilege


@pytest.mark.parametrize(
    ("key", "value", "refused"),
    [
        ("args", "-x", True),
        ("hostpci0", "0000:01:00.0", True),
        ("hostpci0", "mapping=gpu0", False),
        ("usb0", "host=1:2", True),
        ("serial0", "socket", False),
        ("cores", "2", False),
    ],
)
def test_root_only_options(key: str, value: str, refused: bool) -> None:
    assert (root_only(key, value) is not None) == refused
