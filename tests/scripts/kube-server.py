#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A kubelet and an API server of one node, which answer well or badly: for test-kube.sh.

usage: kube-server.py CERT KEY PORT_FILE LOG_FILE

Serves HTTPS on 127.0.0.1, on a port that it writes to PORT_FILE once it listens. The first part of a
path says how to behave (/good/pods, /truncated/pods, /gone/api/v1/pods?watch=1...), the rest is what
Kubernetes serves. Each request is a line of LOG_FILE: its number of that behaviour, its path with the
query, its Authorization. Ends when its standard input does.
"""
import gzip
import http.server
import json
import os
import ssl
import sys
import threading
import urllib.parse

TOKENS = {"Bearer first-token", "Bearer second-token"}


def status(name, ready_id, **more):
    return dict({"name": name, "ready": True, "restartCount": 0, "started": True,
                 "image": "docker.io/library/%s:1.2" % name,
                 "imageID": "docker.io/library/%s@sha256:%s" % (name, "0" * 64),
                 "containerID": ready_id, "lastState": {},
                 "state": {"running": {"startedAt": "2026-01-02T03:04:05Z"}}}, **more)


def pod(uid, name, namespace="default", labels=None, owner=None, statuses=None, annotations=None,
        version="100", init=None, ephemeral=None):
    """A pod in the shape that a kubelet and an API server give it, the parts we do not read too."""
    metadata = {"name": name, "generateName": name.rsplit("-", 1)[0] + "-", "namespace": namespace,
                "uid": uid, "resourceVersion": version,
                "creationTimestamp": "2026-01-02T03:04:05Z", "labels": labels or {},
                "annotations": dict({"kubernetes.io/config.source": "api",
                                     "note": "quotes \" and \\ and } ] and \u00fc \U0001f600"},
                                    **(annotations or {})),
                "managedFields": [{"manager": "kube-controller-manager", "operation": "Update",
                                   "apiVersion": "v1", "fieldsType": "FieldsV1",
                                   "fieldsV1": {"f:metadata": {"f:labels": {".": {}}}}}]}
    if owner:
        metadata["ownerReferences"] = [
            {"apiVersion": "v1", "kind": "Other", "name": "not-this", "uid": "0-0"},
            {"apiVersion": "apps/v1", "kind": owner[0], "name": owner[1], "uid": "0-1",
             "controller": True, "blockOwnerDeletion": True}]
    result = {"metadata": metadata,
              "spec": {"nodeName": "node-1", "restartPolicy": "Always",
                       "containers": [{"name": "c", "image": "i",
                                       "env": [{"name": "SECRET", "value": "do-not-pass-on"}]}]},
              "status": {"phase": "Running", "hostIP": "10.0.0.1", "podIP": "10.244.0.7",
                         "podIPs": [{"ip": "10.244.0.7"}], "qosClass": "Burstable",
                         "containerStatuses": statuses if statuses is not None else []}}
    if init:
        result["status"]["initContainerStatuses"] = init
    if ephemeral:
        result["status"]["ephemeralContainerStatuses"] = ephemeral
    return result


def hex_id(n):
    return "%064x" % n


WEB = pod("11111111-aaaa-4bbb-8ccc-000000000001", "web-6d4b75cb6d-hx2zk", "shop",
          {"app": "web", "pod-template-hash": "6d4b75cb6d", "empty": ""},
          ("ReplicaSet", "web-6d4b75cb6d"),
          [status("nginx", "containerd://" + hex_id(0xa1), lastState={"terminated": {
              "exitCode": 1, "containerID": "containerd://" + hex_id(0xa0)}})],
          init=[status("setup", "containerd://" + hex_id(0xa2))],
          ephemeral=[status("debug", "containerd://" + hex_id(0xa3))])
AGENT = pod("11111111-aaaa-4bbb-8ccc-000000000002", "agent-4x7kp", "kube-system", {"app": "agent"},
            ("DaemonSet", "agent"), [status("agent", "cri-o://" + hex_id(0xb1))])
STATIC = pod("11111111-aaaa-4bbb-8ccc-000000000003", "etcd-node-1", "kube-system", {}, ("Node", "node-1"),
             [status("etcd", "docker://" + hex_id(0xc1))],
             {"kubernetes.io/config.mirror": "0123456789abcdef0123456789abcdef"})
PENDING = pod("11111111-aaaa-4bbb-8ccc-000000000004", "pending", statuses=[
    {"name": "late", "image": "late:1", "imageID": "", "ready": False, "restartCount": 0,
     "state": {"waiting": {"reason": "ContainerCreating"}}, "lastState": {}}])
PODS = [WEB, AGENT, STATIC, PENDING]


def pod_list(pods, version=None, more=None):
    metadata = {}
    if version:
        metadata["resourceVersion"] = version
    if more:
        metadata["continue"] = more
        metadata["remainingItemCount"] = 1
    return {"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": pods}


def refusal(code, message):
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": "Reason", "code": code}


def event(kind, thing):
    return json.dumps({"type": kind, "object": thing}).encode() + b"\n"


def bookmark(version):
    return event("BOOKMARK", {"kind": "Pod", "apiVersion": "v1",
                              "metadata": {"resourceVersion": version, "creationTimestamp": None}})


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    counts = {}
    lock = threading.Lock()
    log = None

    def log_message(self, *_):
        pass

    # --- ways to answer ---

    def plain(self, body, code=200, length=None, headers=()):
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def answer(self, thing, code=200, **more):
        self.plain(json.dumps(thing).encode(), code, **more)

    def begin_chunks(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def hang(self):
        """Until the other end goes away."""
        self.rfile.read(1)
        self.close_connection = True

    # --- what is asked ---

    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(parts.query))
        _, mode, *rest = parts.path.split("/")
        self.what = "/".join(rest)
        token = self.headers.get("Authorization", "-")
        key = mode + ("?watch" if "watch" in self.query else "")
        with Handler.lock:
            self.number = Handler.counts[key] = Handler.counts.get(key, 0) + 1
            Handler.log.write("%d %s %s\n" % (self.number, self.path, token))
            Handler.log.flush()
        behave = getattr(self, "mode_" + mode.replace("-", "_"), None)
        if not behave or self.what not in ("pods", "api/v1/pods"):
            self.answer(refusal(404, "the server could not find the requested resource"), 404)
        elif token not in TOKENS and mode not in ("redirect", "elsewhere"):
            self.answer(refusal(401, "Unauthorized"), 401)
        else:
            behave()

    # --- lists ---

    def mode_good(self):
        self.answer(pod_list(PODS))

    def mode_empty(self):
        self.answer(dict(pod_list([]), items=None))

    def mode_gzip(self):
        self.plain(gzip.compress(json.dumps(pod_list(PODS)).encode()),
                   headers=[("Content-Encoding", "gzip")])

    def mode_bomb(self):
        big = b'{"kind":"PodList","items":[' + b" " * (80 << 20) + b"]}"
        self.plain(gzip.compress(big, 9), headers=[("Content-Encoding", "gzip")])

    def mode_chunked(self):
        self.begin_chunks()
        body = json.dumps(pod_list(PODS)).encode()
        for at in range(0, len(body), 97):
            self.chunk(body[at:at + 97])
        self.chunk(b"")

    def mode_changing(self):
        """Fewer pods each time."""
        self.answer(pod_list(PODS[self.number - 1:]))

    def mode_flaky(self):
        if self.number == 2:
            self.answer(refusal(500, "etcdserver: leader changed"), 500)
        else:
            self.answer(pod_list(PODS))

    # --- lists that fail ---

    def mode_slow(self):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.wfile.flush()
        self.hang()

    def mode_mute(self):
        self.hang()

    def mode_broken(self):
        self.plain(json.dumps(pod_list(PODS)).encode().replace(b'"spec":', b'"spec"', 1))

    def mode_nonsense(self):
        self.plain(b"<html>hello</html>")

    def mode_other(self):
        self.answer({"kind": "NodeList", "metadata": {}})

    def mode_truncated(self):
        body = json.dumps(pod_list(PODS)).encode()
        self.plain(body[:len(body) - 700], length=len(body))
        self.close_connection = True

    def mode_short(self):
        """Whole for HTTP, but not for JSON."""
        self.plain(json.dumps(pod_list(PODS)).encode()[:-2])

    def huge(self, unit):
        self.begin_chunks()
        self.chunk(b'{"kind":"PodList","items":[')
        for _ in range((70 << 20) // len(unit)):
            self.chunk(unit)
        self.chunk(b"")

    def mode_huge(self):
        self.huge(b" " * 65536)

    def mode_huge_pod(self):
        self.begin_chunks()
        self.chunk(b'{"kind":"PodList","items":[{"metadata":{"name":"')
        for _ in range(128):
            self.chunk(b"x" * 65536)
        self.chunk(b"")

    def mode_odd_pods(self):
        odd = json.loads(json.dumps(WEB))
        del odd["metadata"]["uid"]
        self.answer(pod_list([odd, 5, None, {"metadata": []}, AGENT]))

    def mode_unauthorized(self):
        self.answer(refusal(401, "Unauthorized"), 401)

    def mode_forbidden(self):
        self.answer(refusal(403, 'pods is forbidden: User "x" cannot list\nresource "pods"'), 403)

    def mode_redirect(self):
        self.plain(b"", 302, headers=[("Location", "/elsewhere/pods")])

    def mode_elsewhere(self):
        self.answer(pod_list(PODS))

    def mode_hangup(self):
        self.close_connection = True
        self.connection.close()

    # --- the API server ---

    def page(self, version="1000"):
        if self.query.get("fieldSelector") != "spec.nodeName=node-1":
            self.answer(pod_list([], version))
        else:
            self.answer(pod_list(PODS, version))

    def mode_paged(self):
        at = int(self.query.get("continue", "at 0 &=/").split()[1])
        more = "at %d &=/" % (at + 1) if at + 1 < len(PODS) else None
        self.answer(pod_list(PODS[at:at + 1], "1000", more))

    def mode_endless(self):
        self.answer(pod_list([WEB], "1000", "again"))

    def mode_watch(self):
        """A watch with everything in it; the second goes on after the bookmark."""
        if "watch" not in self.query:
            self.page()
            return
        version = self.query.get("resourceVersion")
        self.begin_chunks()
        if version == "1000":
            late = pod("11111111-aaaa-4bbb-8ccc-000000000005", "late", version="1001")
            more = event("ADDED", late)
            self.chunk(more[:40])  # in the middle of one
            self.chunk(more[40:])
            late["status"]["containerStatuses"] = [status("late", "containerd://" + hex_id(0xd1))]
            late["metadata"]["resourceVersion"] = "1002"
            self.chunk(event("MODIFIED", late) + event("DELETED", AGENT) + bookmark("1010"))
            self.chunk(b"")
        elif version == "1010":
            self.chunk(event("ADDED", pod("11111111-aaaa-4bbb-8ccc-000000000006", "later")))
            self.hang()
        else:
            self.chunk(event("ERROR", refusal(400, "wrong version %s" % version)))
            self.chunk(b"")

    def mode_expired(self):
        """The first watch ends with 410 in an event, the second with the status 410."""
        if "watch" not in self.query:
            self.page("1000" if self.query.get("resourceVersion") == "0" else "2000")
        elif self.number == 1:
            self.begin_chunks()
            self.chunk(event("ERROR", refusal(410, "too old resource version: 1000 (1500)")))
            self.chunk(b"")
        elif self.number == 2:
            self.answer(refusal(410, "too old resource version"), 410)
        else:
            self.begin_chunks()
            self.chunk(event("ADDED", pod("11111111-aaaa-4bbb-8ccc-000000000007", "at-last")))
            self.hang()

    def mode_cut_watch(self):
        """The first watch breaks off in the middle of an event."""
        if "watch" not in self.query:
            self.page()
            return
        self.begin_chunks()
        if self.number == 1:
            self.chunk(event("MODIFIED", dict(WEB, metadata=dict(
                WEB["metadata"], resourceVersion="1005")))[:-1] + b'\n{"type":"ADD')
            self.close_connection = True
            return
        self.chunk(event("ADDED", pod("11111111-aaaa-4bbb-8ccc-000000000008", "resumed")))
        self.hang()

    def mode_no_watch(self):
        if "watch" in self.query:
            self.answer(refusal(403, 'cannot watch resource "pods"'), 403)
        else:
            self.page()

    def mode_rubbish_watch(self):
        if "watch" not in self.query:
            self.page()
            return
        self.begin_chunks()
        if self.number == 1:
            self.chunk(b"what is this\n")
            self.chunk(b"")
        else:
            self.hang()

    def mode_quiet_watch(self):
        if "watch" not in self.query:
            self.page()
            return
        self.begin_chunks()
        self.hang()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, cert, key):
        super().__init__(("127.0.0.1", 0), Handler)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)

    def finish_request(self, request, client_address):
        # In the connection's own thread: a slow handshake holds up nobody else.
        try:
            super().finish_request(self.context.wrap_socket(request, server_side=True),
                                   client_address)
        except OSError:
            pass

    def handle_error(self, request, client_address):
        pass


def main():
    cert, key, port_file, log_file = sys.argv[1:]
    with open(log_file, "w", encoding="utf-8") as Handler.log:
        server = Server(cert, key)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with open(port_file + ".new", "w", encoding="utf-8") as f:
            f.write("%d\n" % server.server_address[1])
        os.rename(port_file + ".new", port_file)
        sys.stdin.read()


main()
