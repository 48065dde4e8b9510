"""
A proxy for tests: HTTP (CONNECT and absolute addresses), SOCKS 4a and SOCKS 5, told apart by their first byte.

    proxy.py DIRECTORY [--tls] [--user USER:PASSWORD]

Writes its port to DIRECTORY/port and a line for each connection, "KIND HOST PORT", to DIRECTORY/connections. --tls: spoken to by
TLS, with DIRECTORY/proxy.pem and .key; --user: wanted from whoever comes.
"""
import argparse
import base64
import os
import socket
import ssl
import struct
import threading

parser = argparse.ArgumentParser()
parser.add_argument("directory")
parser.add_argument("--tls", action="store_true")
parser.add_argument("--user")
options = parser.parse_args()


def read(client, count):
    data = b""
    while len(data) < count:
        part = client.recv(count - len(data))
        if not part:
            raise ConnectionError
        data += part
    return data


def read_until(client, end):
    data = b""
    while not data.endswith(end):
        data += read(client, 1)
    return data


def note(kind, host, port):
    with open(options.directory + "/connections", "a") as file:
        file.write("%s %s %d\n" % (kind, host, port))


def connect(kind, host, port):
    note(kind, host, port)
    return socket.create_connection((host, port), 10)


def socks5(client):
    methods = read(client, read(client, 1)[0])
    wanted = 2 if options.user else 0
    if wanted not in methods:
        client.sendall(b"\x05\xff")
        return None
    client.sendall(bytes((5, wanted)))
    if wanted:
        read(client, 1)
        user = read(client, read(client, 1)[0])
        password = read(client, read(client, 1)[0])
        right = (user + b":" + password).decode() == options.user
        client.sendall(b"\x01\x00" if right else b"\x01\x01")
        if not right:
            return None
    kind = read(client, 4)[3]
    if kind == 3:
        host = read(client, read(client, 1)[0]).decode()
    else:
        host = socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6, read(client, 4 if kind == 1 else 16))
    server = connect("socks5", host, struct.unpack(">H", read(client, 2))[0])
    client.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
    return server


def socks4(client):
    _, port, address = struct.unpack(">BH4s", read(client, 7))
    read_until(client, b"\0")
    host = socket.inet_ntoa(address)
    if address[:3] == b"\0\0\0":
        host = read_until(client, b"\0")[:-1].decode()
    server = connect("socks4", host, port)
    client.sendall(b"\x00\x5a\x00\x00\x00\x00\x00\x00")
    return server


def http(client, first):
    head = first + read_until(client, b"\r\n\r\n")
    line, headers = head.split(b"\r\n", 1)
    method, target, _ = line.decode().split(" ")
    if options.user:
        wanted = b"Basic " + base64.b64encode(options.user.encode())
        if b"Proxy-Authorization: " + wanted + b"\r\n" not in headers:
            client.sendall(b"HTTP/1.1 407 no\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n")
            return None
    if method == "CONNECT":
        host, port = target.rsplit(":", 1)
        server = connect("connect", host, int(port))
        client.sendall(b"HTTP/1.1 200 go on\r\n\r\n")
        return server
    place, _, path = target.split("://", 1)[1].partition("/")
    host, port = place.rsplit(":", 1)
    server = connect("http", host, int(port))
    server.sendall(("%s /%s HTTP/1.1\r\n" % (method, path)).encode() + headers)
    return server


def pump(source, sink):
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            sink.sendall(data)
    except OSError:
        pass
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client):
    try:
        if options.tls:
            client = context.wrap_socket(client, server_side=True)
        first = read(client, 1)
        server = socks5(client) if first == b"\x05" else socks4(client) if first == b"\x04" else http(client, first)
        if server:
            threading.Thread(target=pump, args=(server, client), daemon=True).start()
            pump(client, server)
    except (OSError, ValueError):
        pass


context = None
if options.tls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.directory + "/proxy.pem", options.directory + "/proxy.key")
listening = socket.create_server(("127.0.0.1", 0))
with open(options.directory + "/port.new", "w") as file:
    file.write("%d\n" % listening.getsockname()[1])
os.rename(options.directory + "/port.new", options.directory + "/port")
while True:
    threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()
