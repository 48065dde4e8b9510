"""
A syslog server over TLS (RFC 5425) for tests: Python's ssl, and a reader of frames that takes nothing but a count of octets, a
blank and so many octets.

    syslog_tls_server.py DIRECTORY [--client]

Writes its port to DIRECTORY/port and each message to DIRECTORY/message-N; a frame that is none, or an end of the connection
without TLS' good-bye, to DIRECTORY/broken. --client: wants a certificate of DIRECTORY/client.pem. Its own is
DIRECTORY/server.pem and .key.
"""
import argparse
import os
import socket
import ssl

parser = argparse.ArgumentParser()
parser.add_argument("directory")
parser.add_argument("--client", action="store_true")
options = parser.parse_args()
count = 0


def put(name, data):
    path = options.directory + "/" + name
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.rename(path + ".new", path)


def take_frames(data):
    global count
    while data:
        digits, blank, rest = data.partition(b" ")
        if not blank or not digits.isdigit() or digits[:1] == b"0" or len(rest) < int(digits):
            raise ValueError("no frame: %r" % data[:80])
        put("message-%d" % count, rest[: int(digits)])
        count += 1
        data = rest[int(digits) :]


def serve(connection):
    data = b""
    with context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False) as secured:
        while True:
            part = secured.recv(4096)
            if not part:
                break
            data += part
    take_frames(data)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(options.directory + "/server.pem", options.directory + "/server.key")
if options.client:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(options.directory + "/client.pem")
listener = socket.create_server(("127.0.0.1", 0))
put("port", b"%d\n" % listener.getsockname()[1])
while True:
    connection, _ = listener.accept()
    try:
        serve(connection)
    except (OSError, ValueError) as problem:
        put("broken", str(problem).encode())
