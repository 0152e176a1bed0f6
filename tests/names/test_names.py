"""Names are injective, within the kernel's limits, and can be read back."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labnet import names


LABEL = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
SUBDOMAIN = st.lists(LABEL, min_size=1, max_size=3).map(".".join)
ADDRESS = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


@given(LABEL, SUBDOMAIN, LABEL)
def test_a_netns_name_can_be_read_back(lab: str, name: str, namespace: str) -> None:
    """`parse_netns_name` is the inverse, so no two pods have one namespace."""
    netns = names.netns_name(lab, name, namespace)
    assert names.parse_netns_name(netns) == (lab, namespace, name)


@given(LABEL, SUBDOMAIN, LABEL)
def test_no_pod_has_the_segments_name(lab: str, name: str, namespace: str) -> None:
    """The segment's name is one that Kubernetes would refuse."""
    assert names.netns_name(lab, name, namespace) != names.segment_netns(lab)


@given(ADDRESS)
def test_interfaces_and_macs_spell_their_address(address: IPv4Address | IPv6Address) -> None:
    """Within 15 bytes, and with the low 32 bits to be read back."""
    low = int(address) & 0xFFFF_FFFF
    name = names.veth_name(address)
    assert len(name) <= 15
    assert names.parse_veth_name(name) == low
    mac = names.mac_address(names.POD_MAC, address)
    assert names.parse_mac_address(mac) == (names.POD_MAC, low)
    assert int(mac[:2], 16) & 1 == 0, "a multicast bit would make it no station's address"


def test_the_prefixes_of_macs_differ() -> None:
    """Two kinds of links never share a MAC."""
    prefixes = {
        names.POD_MAC,
        names.DOCKER_MAC,
        names.NODE_MAC,
        names.PORT_MAC,
        names.VXLAN_MAC,
    }
    assert len(prefixes) == 5
    assert all(int(prefix[:2], 16) & 2 for prefix in prefixes), "they are locally administered"


@pytest.mark.parametrize("text", ["", "lab", "lab.", ".pod"])
def test_what_is_no_netns_name_is_refused(text: str) -> None:
    """Reading back what was never made is a ValueError."""
    with pytest.raises(ValueError, match="is not the name"):
        names.parse_netns_name(text)


@pytest.mark.parametrize("text", ["eth0", "veth1", "vethzzzzzzzz0"])
def test_what_is_no_port_name_is_refused(text: str) -> None:
    """Reading back what was never made is a ValueError."""
    with pytest.raises(ValueError, match="is not the name"):
        names.parse_veth_name(text)


@pytest.mark.parametrize("text", ["..", "a/b", "", "A", "a.b", "-a", "a" * 64, "a\n"])
def test_what_could_be_a_path_is_no_lab(text: str) -> None:
    """A lab's name becomes a folder, so it is a DNS label."""
    assert not names.is_lab_name(text)


@pytest.mark.parametrize(
    ("port_name", "protocol", "digest"),
    [
        ("default/kubernetes:https", "tcp", "NPX46M4PTMTKRN6Y"),
        ("kube-system/kube-dns:dns", "udp", "TCOU7JCQXEZGVUNU"),
        ("kube-system/kube-dns:dns-tcp", "tcp", "ERIFXISQEP7F7OF4"),
        ("default/nginx", "tcp", "2CMXP7HKUVJN7L6M"),
        ("ns1/svc1:p80", "tcp", "XPGD46QRK7WJZT7O"),
        ("ns2/svc2:p80", "tcp", "GNZBNJ2PO5MGZ6GT"),
    ],
)
def test_chains_have_the_names_of_a_real_cluster(
    port_name: str, protocol: str, digest: str
) -> None:
    """The values are from real clusters and from Kubernetes' own tests."""
    for kind in ("SVC", "SVL", "EXT", "FW"):
        assert names.service_chain(kind, port_name, protocol) == f"KUBE-{kind}-{digest}"


def test_the_chain_of_an_endpoint() -> None:
    """Its address and port follow the protocol."""
    sep = names.service_chain("SEP", "ns1/svc1:p80", "tcp", "10.180.0.1:80")
    assert sep == "KUBE-SEP-SXIVWICOYRO3J4NJ"


def test_the_chain_of_a_containers_ports() -> None:
    """As the test of containernetworking/plugins has it, utils_test.go."""
    assert names.cni_chain("", "test", "1234") == "CNI-2bbe0c48b91a7d1b8a6753a8"
    assert names.cni_chain("PREFIX-", "test", "1234") == "CNI-PREFIX-2bbe0c48b91a7d1b8"


@given(st.text(max_size=80), st.text(max_size=80))
def test_chains_fit(network: str, container: str) -> None:
    """Iptables takes 28 characters."""
    assert len(names.cni_chain("DN-", network, container)) == 28
    assert len(names.service_chain("SVC", network, container)) == 25
    assert len(names.host_port_chain(container, 65535, "SCTP", "")) == 24
