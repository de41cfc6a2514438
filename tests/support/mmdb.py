"""Writes a file in the MaxMind DB format, as small as a test wants it: {'192.0.2.0/24': {'country': {'iso_code': 'DE'}}}.

Text, dicts and numbers only; IPv6 tree, IPv4 at ::/96; records of 24 bits. (maxmind.github.io/MaxMind-DB)
"""
import ipaddress
import struct

UINT16, UINT32, UINT64 = 5, 6, 9


def control(kind, size):
    assert size < 29
    return bytes([kind << 5 | size]) if kind <= 7 else bytes([size, kind - 7])


def number(value, kind=UINT32):
    body = value.to_bytes((value.bit_length() + 7) // 8, 'big')
    return control(kind, len(body)) + body


def encode(value):
    if isinstance(value, bytes):
        return value  # encoded already
    if isinstance(value, str):
        text = value.encode()
        head = control(2, len(text)) if len(text) < 29 else bytes([2 << 5 | 29, len(text) - 29])
        return head + text
    if isinstance(value, int):
        return number(value)
    if isinstance(value, list):
        return control(11, len(value)) + b''.join(encode(v) for v in value)
    return control(7, len(value)) + b''.join(encode(k) + encode(v) for k, v in value.items())


def mmdb(networks):
    nodes = [[None, None]]
    data = b''
    for text, value in networks.items():
        network = ipaddress.ip_network(text)
        bits = network.prefixlen + (96 if network.version == 4 else 0)
        address = int(network.network_address)
        at = 0
        for i in range(bits - 1):
            bit = address >> (127 - i) & 1
            if nodes[at][bit] is None:
                nodes.append([None, None])
                nodes[at][bit] = len(nodes) - 1
            at = nodes[at][bit]
        nodes[at][address >> (127 - (bits - 1)) & 1] = ('data', len(data))
        data += encode(value)
    count = len(nodes)
    tree = b''.join(struct.pack('>I', count if side is None else side if isinstance(side, int) else count + 16 + side[1])[1:]
                    for node in nodes for side in node)
    about = {'binary_format_major_version': number(2, UINT16), 'binary_format_minor_version': number(0, UINT16),
             'build_epoch': number(1700000000, UINT64), 'database_type': 'Test', 'description': {'en': 'invented'}, 'ip_version': number(6, UINT16),
             'languages': ['en'], 'node_count': number(count), 'record_size': number(24, UINT16)}
    return tree + bytes(16) + data + b'\xab\xcd\xefMaxMind.com' + encode(about)
