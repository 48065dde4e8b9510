"""
An SMTP server for tests: aiosmtpd, which parses strictly and knows STARTTLS and AUTH.

    smtp_server.py DIRECTORY [--tls] [--starttls] [--auth] [--refuse ADDRESS] [--busy] [--spam]

Writes its port to DIRECTORY/port and each message, with its envelope in front, to DIRECTORY/message-N. --tls: from the first
byte; --starttls: offered, and needed before anything else; --auth: user "alerts", password "SECRET pass"; --refuse: 550 to
RCPT for that address; --busy: 451 to RCPT; --spam: 554 to the message. The certificate is DIRECTORY/server.pem and .key.
"""
import argparse
import os
import ssl
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, SMTP

parser = argparse.ArgumentParser()
parser.add_argument("directory")
for name in ("tls", "starttls", "auth", "busy", "spam"):
    parser.add_argument("--" + name, action="store_true")
parser.add_argument("--refuse", action="append", default=[])
options = parser.parse_args()


class Handler:
    count = 0

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if options.busy:
            return "451 4.3.0 Try again later"
        if address in options.refuse:
            return "550 5.1.1 No such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if options.spam:
            return "554 5.7.1 Looks like spam"
        head = "MAIL %s\nTLS %s\nAUTH %s\n" % (envelope.mail_from, server.transport.get_extra_info("ssl_object") is not None, bool(session.authenticated))
        head += "".join("RCPT %s\n" % address for address in envelope.rcpt_tos) + "\n"
        path = "%s/message-%d" % (options.directory, Handler.count)
        Handler.count += 1
        with open(path + ".new", "wb") as file:
            file.write(head.encode() + envelope.original_content)
        os.rename(path + ".new", path)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    right = data.login == b"alerts" and data.password == b"SECRET pass"
    return AuthResult(success=right, handled=False)


context = None
if options.tls or options.starttls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.directory + "/server.pem", options.directory + "/server.key")


class Server(Controller):
    def factory(self):
        return SMTP(
            self.handler,
            tls_context=context if options.starttls else None,
            require_starttls=options.starttls,
            auth_required=options.auth,
            auth_require_tls=options.starttls,
            authenticator=authenticate if options.auth else None,
            decode_data=False,
        )

    def _trigger_server(self):
        """The controller tries itself once: now the port is known."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


server = Server(Handler(), hostname="127.0.0.1", port=0, ssl_context=context if options.tls else None)
server.start()
with open(options.directory + "/port.new", "w") as file:
    file.write("%d\n" % server.port)
os.rename(options.directory + "/port.new", options.directory + "/port")
while True:
    time.sleep(3600)
