#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# ringside-kube against a server that answers well and badly (kube-server.py), over real HTTPS with
# certificates made here. Nothing here depends on how fast the machine is: what has to come is waited for, for up to
# $limit seconds, and an answer that has to be given up is tried again with more patience where it did not even begin.
set -u
limit=120
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
program=${RS_BUILD_ROOT:-$here/../../build}/ringside-kube

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}
[ -x "$program" ] || skip "ringside-kube is not built (no libcurl)"
command -v openssl >/dev/null || skip "there is no openssl to make certificates with"
python3 -c 'import http.server, ssl' 2>/dev/null || skip "there is no python3 with ssl to serve with"

dir=$(mktemp -d) || exit 1
servers=()
finish() {
	exec 3>&- 4<&- 5<&- 2>/dev/null
	for pid in "${servers[@]}"; do
		kill "$pid" 2>/dev/null
	done
	rm -rf "$dir"
}
trap finish EXIT
cd "$dir" || exit 1
unset NODE_NAME KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT

count=0
failed=0
result() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		failed=1
		echo "not ok $count - $2"
		cut -c 1-400 out err 2>/dev/null | sed 's/^/# /'
	fi
}

# --- certificates: one authority, three of it, and another authority ---

certificates() {
	cat >openssl.cnf <<-'END'
		[ca]
		default_ca = here
		[here]
		database = index
		new_certs_dir = .
		rand_serial = yes
		default_md = sha256
		policy = any
		unique_subject = no
		[any]
		commonName = supplied
		[req]
		distinguished_name = name
		[name]
		[v3_ca]
		basicConstraints = critical, CA:TRUE
		subjectKeyIdentifier = hash
		[good]
		subjectAltName = IP:127.0.0.1
		[host]
		subjectAltName = DNS:node-2.example, IP:127.0.0.2
	END
	: >index
	for ca in ca other-ca; do
		openssl req -config openssl.cnf -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
			-subj "/CN=$ca" -extensions v3_ca -days 30 -keyout $ca.key -out $ca.crt || return 1
	done
	sign good good 20200101000000Z "$1" && sign host host 20200101000000Z "$1" &&
		sign expired good 20200101000000Z 20200201000000Z
}

# sign NAME EXTENSIONS FROM TO
sign() {
	openssl req -config openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/CN=$1" -keyout "$1.key" -out "$1.csr" &&
		openssl ca -batch -config openssl.cnf -cert ca.crt -keyfile ca.key -in "$1.csr" \
			-extensions "$2" -startdate "$3" -enddate "$4" -notext -out "$1.crt"
}
if ! certificates "$(($(date +%Y) + 1))0101000000Z" >log 2>&1; then
	echo "not ok 1 - certificates"
	sed 's/^/# /' log
	echo "1..1"
	exit 1
fi

# serve NAME: a server with this certificate; its address is in $url_NAME.
serve() {
	mkfifo "stdin-$1" "port-$1.ready"
	# It ends with us, whose end of its input closes.
	"$here/kube-server.py" "$1.crt" "$1.key" "port-$1" "log-$1" <"stdin-$1" &
	servers+=($!)
	exec {hold}>"stdin-$1"
	for _ in $(seq $((limit * 10))); do
		[ -s "port-$1" ] && break
		read -r -t 0.1 <>"port-$1.ready" # nobody writes: a tenth of a second
	done
	printf -v "url_$1" 'https://127.0.0.1:%s' "$(cat "port-$1")"
}
serve good
serve host
serve expired
echo first-token >token
# shellcheck disable=SC2154
url=$url_good

# --- one list ---

# once MODE ARG...: one list of the server, which has $patience for its answer.
patience=${limit}s
once() {
	mode=$1
	shift
	timeout $((limit * 2)) "$program" --once --url "$url/$mode" --token token --ca ca.crt \
		--timeout "$patience" "$@" </dev/null >out 2>err
	code=$?
}

# lists NAME MODE ARG...: the whole list comes.
lists() {
	name=$1
	shift
	once "$@"
	[ $code -eq 0 ] && [ "$(grep -c '"op":"pod"' out)" -eq 4 ] &&
		[ "$(head -n 1 out)" = '{"op":"begin"}' ] && grep -qx '{"op":"end"}' out &&
		grep -q '"op":"state","ok":true,"text":"4 pods' out && [ ! -s err ]
	result $? "$name"
}

# fails NAME REGEX MODE ARG...: no whole list, and the reason is told.
fails() {
	name=$1
	regex=$2
	shift 2
	once "$@"
	[ $code -eq 1 ] && ! grep -q '"op":"end"' out &&
		grep -qE "\"op\":\"state\",\"ok\":false,\"text\":\".*$regex" out && grep -qE "$regex" err
	result $? "$name"
}

# gives_up NAME TEXT MODE: after a time without an answer, which is told. On a busy machine a second may not be enough for
# what comes before the answer stands still.
gives_up() {
	for patience in 1s 5s 20s 50s; do
		once "$3"
		[ $code -eq 1 ] && grep -q "\"op\":\"state\",\"ok\":false,\"text\":\".*$2 for $patience" out &&
			! grep -q '"op":"end"' out && grep -q "$2 for $patience" err && break
	done
	result $? "$1"
	patience=${limit}s
}

id() {
	printf '%064x' "0x$1"
}

lists 'the kubelet lists pods' good
web='{"op":"pod","uid":"11111111-aaaa-4bbb-8ccc-000000000001","name":"web-6d4b75cb6d-hx2zk"'
web+=',"namespace":"shop","node":"node-1","ip":"10.244.0.7"'
web+=',"labels":{"app":"web","pod-template-hash":"6d4b75cb6d","empty":""}'
web+=',"owner":{"kind":"Deployment","name":"web"},"containers":['
web+='{"id":"'$(id a1)'","name":"nginx","image":"docker.io/library/nginx:1.2"},'
web+='{"id":"'$(id a0)'","name":"nginx","image":"docker.io/library/nginx:1.2"},'
web+='{"id":"'$(id a2)'","name":"setup","image":"docker.io/library/setup:1.2"},'
web+='{"id":"'$(id a3)'","name":"debug","image":"docker.io/library/debug:1.2"}]}'
grep -qxF "$web" out
result $? 'a pod of a deployment, with init, ephemeral and former containers'
grep -qF '"owner":{"kind":"DaemonSet","name":"agent"},"containers":[{"id":"'"$(id b1)" out
result $? 'a pod of a daemon set, by CRI-O'
grep -qF '"static_uid":"0123456789abcdef0123456789abcdef","name":"etcd-node-1"' out
result $? 'the mirror of a static pod'
grep '"name":"pending"' out | grep -qF '"containers":[]'
result $? 'a container without an id is left out'
! grep -q 'do-not-pass-on\|first-token\|SECRET' out err
result $? 'neither environment nor token are told'
[ "$(cat log-good)" = "1 /good/pods Bearer first-token" ]
result $? 'one request, with the token'

once empty
[ $code -eq 0 ] && [ "$(cat out)" = '{"op":"begin"}
{"op":"end"}
{"op":"state","ok":true,"text":"0 pods"}' ]
result $? 'an empty list'
lists 'a compressed answer' gzip
lists 'an answer in chunks' chunked
url=$url/. lists 'a path in the address, ending with a slash' good/
once odd-pods
[ $code -eq 0 ] && [ "$(grep -c '"op":"pod"' out)" -eq 1 ] && grep -q '"1 pods; 3 left out' out
result $? 'pods that make no sense do not spoil the others'

gives_up 'an answer that stands still' 'the answer stands still' slow
gives_up 'no answer' 'no answer' mute
fails 'broken JSON' 'reading the list: ' broken
fails 'no JSON' 'not the JSON that was asked for' nonsense
fails 'JSON of something else' 'no list of pods' other
fails 'a body that is cut off' '(transfer closed|unexpected eof|end of response|0A000126)' truncated
fails 'JSON that is cut off' 'the answer breaks off' short
fails 'an answer too large' 'larger than 64 MiB' huge
fails 'an answer too large once it is decompressed' 'larger than 64 MiB' bomb
fails 'a pod too large' 'an item of more than 4194304 bytes' huge-pod
fails 'a server that hangs up at once' "$url/hangup: " hangup
fails '401' '401, the token is not accepted: Unauthorized' unauthorized
fails '403' '403, .* right to .*nodes/pods.* cannot list.*x0aresource' forbidden
fails '404' 'status 404: the server could not' nothing-there
fails 'a redirect is not followed' 'status 302, redirects are not followed' redirect
! grep -q elsewhere log-good
result $? 'nor is the token sent there'

fails 'an unknown authority' '(self-signed|local issuer|unknown CA|certificate)' good --ca other-ca.crt
before=$(wc -l <log-good)
SSL_CERT_FILE=other-ca.crt timeout $limit "$program" --once --url "$url/good" --token token \
	--timeout "$patience" </dev/null >out 2>err
[ $? -eq 1 ] && grep -q '"ok":false,"text":".*certificate' out && [ "$before" = "$(wc -l <log-good)" ]
result $? 'without --ca the system decides; no request is sent to whom it does not know'
# shellcheck disable=SC2154
url=$url_host fails 'a certificate of another host' '(subject name|does not match|alternative)' good
# shellcheck disable=SC2154
url=$url_expired fails 'an expired certificate' 'expired' good
[ ! -s log-host ] && [ ! -s log-expired ]
result $? 'neither of them got the token'
url=$url_expired lists 'an expired certificate, not checked' good --insecure

fails 'no token where it should be' 'reading .*not-there' good --token not-there
printf 'two words\n' >bad-token
fails 'a token that is none' 'holds no token' good --token bad-token
: >empty-token
fails 'an empty token' 'is empty' good --token empty-token
fails 'no authorities where they should be' '(not-there|CAfile|certificate)' good --ca not-there

# usage NAME REGEX ARG...
usage() {
	name=$1
	regex=$2
	shift 2
	timeout $limit "$program" "$@" </dev/null >out 2>err
	[ $? -eq 2 ] && grep -qE "$regex" err && grep -q '"op":"state","ok":false' out
	result $? "$name"
}
usage 'http is refused' 'no address of the form https' --url http://127.0.0.1:1/
usage 'a name and password in the address are refused' 'no address of the form' \
	--url https://a:b@127.0.0.1:1
usage 'the API server is always checked' 'for the kubelet only' --source api --insecure \
	--url https://127.0.0.1:1
usage 'no API server' 'KUBERNETES_SERVICE_HOST is not set' --source api
timeout $limit "$program" --help >out 2>err
[ $? -eq 0 ] && grep -q '^example:' out
result $? '--help has an example'

# --- the API server's list ---

node=(--source api --node node-1)
lists 'the API server lists pods' watch "${node[@]}"
grep -q 'fieldSelector=spec.nodeName%3Dnode-1&limit=500&resourceVersion=0 ' log-good
result $? 'those of this node'
lists 'in pages' paged "${node[@]}"
[ "$(grep -c '/paged/' log-good)" -eq 4 ] && [ "$(grep -c '"op":"begin"' out)" -eq 1 ]
result $? 'each page is a request, the list is one'
fails 'a list without end' 'the list has no end' endless "${node[@]}"
fails 'a list without a version' 'the list has no version' good "${node[@]}"
fails '403 from the API server' '403, .*list.*watch.*pods' forbidden "${node[@]}"
NODE_NAME=node-1 lists 'the node by $NODE_NAME' watch --source api
NODE_NAME=node-1 KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT=${url##*:} \
	timeout $limit "$program" --source api --once --token token --ca ca.crt \
	--timeout "$patience" </dev/null >out 2>err
grep -q "\"text\":\"$url: status 404" out
result $? 'the address by the environment of a pod'

# --- while it runs ---

# start MODE ARG...: its input is descriptor 3, its output 4, its messages 5, its process $pid.
start() {
	mode=$1
	shift
	rm -f in out-pipe err-pipe
	mkfifo in out-pipe err-pipe
	"$program" --url "$url/$mode" --token token --ca ca.crt --timeout "$patience" "$@" <in >out-pipe \
		2>err-pipe 9</etc/hostname &
	pid=$!
	exec 3>in 4<out-pipe 5<err-pipe
	: >out
}

# wait_for REGEX: until a line of its output matches.
wait_for() {
	while read -r -t $limit -u 4 line; do
		printf '%s\n' "$line" >>out
		[[ $line =~ $1 ]] && return 0
	done
	echo "waited in vain for $1" >>out
	return 1
}

# ended: until nobody has its messages open any more.
ended() {
	read -r -t $limit -u 5 line
	[ $? -le 128 ]
}

stop() {
	exec 4<&- # nobody reads any more
	ended
	result $? "$1"
	exec 3>&- 5<&-
	wait "$pid" 2>/dev/null
}

start changing --interval 1h
wait_for '"end"' && [ "$(grep -c '"op":"pod"' out)" -eq 4 ]
result $? 'the first list'
grep -qE '^(CapInh|CapPrm|CapEff|CapBnd|CapAmb):	0+$' "/proc/$pid/status" &&
	! grep -E '^Cap(Inh|Prm|Eff|Amb):' "/proc/$pid/status" | grep -q '[1-9a-f]$' &&
	grep -q '^NoNewPrivs:	1$' "/proc/$pid/status" && [ ! -e "/proc/$pid/fd/9" ]
result $? 'it has no rights and no descriptors of others'
echo second-token >token
printf 'again\nagain\nagain\n' >&3
: >out
wait_for '"end"' && [ "$(grep -c '"op":"pod"' out)" -eq 3 ]
result $? 'a line asks for a new list'
[ "$(grep changing log-good)" = "1 /changing/pods Bearer first-token
2 /changing/pods Bearer second-token" ]
result $? 'with the token that is in the file now'
stop 'it ends when nobody reads any more'

start flaky --interval 1s
wait_for '"ok":true' && wait_for '"ok":false,"text":".*status 500: etcdserver' && wait_for '"ok":true'
result $? 'the kubelet is asked again after a failure'
stop 'it ends while it waits'

start watch "${node[@]}"
wait_for '"ok":true,"text":"4 pods, and told of changes"' &&
	wait_for '"name":"late".*"containers":\[\]' && wait_for '"name":"late".*0d1' &&
	wait_for '"op":"gone","uid":"11111111-aaaa-4bbb-8ccc-000000000002"'
result $? 'a watch tells of pods that come, change and go'
wait_for '"name":"later"' && [ "$(grep -c '"op":"begin"' out)" -eq 1 ]
result $? 'it goes on after the bookmark when the server ends it'
grep -q 'watch=1&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=1010 ' log-good
result $? 'with the version of the bookmark'
stop 'it ends while a watch is open'

start expired "${node[@]}"
wait_for '"begin"' && wait_for '"begin"' && wait_for '"begin"' && wait_for '"name":"at-last"'
result $? '410, as an event or a status, leads to a new list'
[ "$(grep -c '/expired/.*resourceVersion=0' log-good)" -eq 1 ]
result $? 'which is not taken from what the server remembers'
stop 'and it ends'

start cut-watch "${node[@]}"
wait_for '"ok":false' && wait_for '"name":"resumed"' && [ "$(grep -c '"op":"begin"' out)" -eq 1 ]
result $? 'a watch that breaks off is taken up'
grep '/cut-watch/' log-good | tail -n 1 | grep -q '&resourceVersion=1005 '
result $? 'where it was'
stop 'and it ends again'

start no-watch "${node[@]}"
wait_for '"ok":true' && wait_for '"ok":false,"text":".*403, .*watch'
result $? 'a watch that is not allowed is told'
stop 'and it ends while it waits'

start rubbish-watch "${node[@]}"
wait_for '"ok":false,"text":".*not the JSON' && wait_for '"ok":true,"text":"4 pods, and told of changes"'
result $? 'a watch of rubbish is tried again'
stop 'and it ends after that'

# The one who starts it is killed, while we still hold its output.
start_orphan() {
	rm -f out-pipe
	mkfifo out-pipe
	# shellcheck disable=SC2016
	bash -c '"$@" 3>&- & echo $! >orphan-pid; wait' bash "$program" --url "$url/quiet-watch" \
		--token token --ca ca.crt "${node[@]}" </dev/null >out-pipe 2>/dev/null &
	pid=$!
	exec 4<out-pipe
}
start_orphan
: >out
wait_for 'told of changes'
{
	kill -9 "$pid"
	wait "$pid"
} 2>/dev/null
while read -r -t $limit -u 4 line; do :; done
[ $? -le 128 ]
result $? 'it ends with the one who started it'

echo "1..$count"
exit "$failed"
