#!/usr/bin/python3
"""Replays the answers of an MKE 3, well or badly. Prints its port, then serves until it is killed.

server.py HTTP_JSON [FAULT:PREFIX ...]

FAULT is what happens to requests whose path begins with PREFIX:
forbidden (403), down (500 always), shaky (500 the first time), slow (5 seconds), cut (the connection ends in the middle),
half (200, but half of the JSON), page (200, but HTML), expire (401 once, until the next login), gone (404), loop (pages that
name each other).
"""

import http.server
import json
import sys
import time
import urllib.parse

answers = {}
for one in json.load(open(sys.argv[1], encoding="utf-8"))["exchanges"]:
    answers[(one["method"], one["path"], one["query"].get("start", ""))] = one["body"]
answers[("GET", "/api/ucp/config-toml", "")] = '[cluster_config]\n  pod_cidr = "192.168.0.0/16"\n'
faults = [fault.split(":", 1) for fault in sys.argv[2:]]
seen = {}
tokens = []


class Handler(http.server.BaseHTTPRequestHandler):
    def send(self, status, body, cut=False):
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = True

    def do_POST(self):
        wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        # A password that neither JSON nor curl's configuration takes as it is.
        if self.path == "/auth/login" and wanted == {"username": "admin", "password": 'p"a\\ss wörd'}:
            tokens.append("token-%d" % (len(tokens) + 1))
            self.send(200, json.dumps({"auth_token": tokens[-1]}))
        else:
            self.send(401, '{"errors":[{"code":"UNAUTHORIZED"}]}')

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        seen[url.path] = seen.get(url.path, 0) + 1
        first = seen[url.path] == 1
        hit = [fault for fault, prefix in faults if url.path.startswith(prefix)]
        if "expire" in hit and first and len(tokens) == 1:
            tokens[0] = "expired"
        if not tokens or self.headers["Authorization"] != "Bearer " + tokens[-1]:
            return self.send(401, '{"errors":[{"code":"UNAUTHORIZED"}]}')
        if "forbidden" in hit:
            return self.send(403, '{"errors":[{"code":"FORBIDDEN"}]}')
        if "down" in hit or ("shaky" in hit and first):
            return self.send(500, "internal error")
        if "slow" in hit:
            time.sleep(5)
        start = query.get("start", "")
        body = answers.get(("GET", url.path, "" if "loop" in hit else start))
        if "loop" in hit:
            body = dict(body, nextPageStart="b" if start == "a" else "a")
        if body is None or "gone" in hit:
            return self.send(404, '{"errors":[{"code":"NOT_FOUND"}]}')
        if not isinstance(body, str):
            body = json.dumps(body, ensure_ascii=len(url.path) % 2 == 0)
        if "page" in hit:
            body = "<html><body>Please log in</body></html>"
        if "half" in hit:
            body = body[: len(body) // 2]
        self.send(200, body, cut="cut" in hit)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
