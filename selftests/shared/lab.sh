# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by the tests of shared connections with peers that others wrote.
#
#   eq-cli                      eq-net                      eq-srv
#   eth0 10.8.1.2 ---- net0 10.8.1.1  net1 10.8.2.1 ---- srv0 10.8.2.2
#        fd08:1::2          fd08:1::1       fd08:2::1         fd08:2::2
#   the client            delay, loss                h3server --share, h3second
#                                                            tcpdump
#
# What is lost is lost in eq-net: the capture has all that the server's senders sent.
#
# A test is run twice. In a machine, whose kernel has netem, its sessions happen, and
# each leaves its captures and counters in a directory of $sessions; there its checks
# do nothing. Then it is run on the host, where tshark takes a fortieth of the time:
# nothing happens again, and all that is left is checked.
# shellcheck source=selftests/gateway/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../gateway/lib.sh"
lab_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

sessions=${EQUIC_SESSIONS:-}
session_count=0
# That aioquic waits for in this session, if it is the client.
reader_streams=
losses=
# A queue of a few round trips, so that the senders have to share.
BOTTLENECK=(delay 10ms rate 16mbit limit 120)

# end NS DEV NET HOST
end()
{
	ip -n "$1" -batch - <<-LINES
		link set lo up
		addr add 10.8.$3.$4/24 dev $2
		addr add fd08:$3::$4/64 dev $2 nodad
		link set $2 up
	LINES
}

# cable NS DEV NETWORK-DEV NET: to eq-net.
cable()
{
	ip netns add "$1" &&
	ip link add "$2" netns "$1" type veth peer name "$3" netns eq-net &&
	end "$1" "$2" "$4" 2 && end eq-net "$3" "$4" 1 &&
	ip -n "$1" route add default via "10.8.$4.1" &&
	ip -n "$1" route add ::/0 via "fd08:$4::1" &&
	one_by_one "$1" "$2" && one_by_one eq-net "$3"
}

lab_topology()
{
	ip netns add eq-net &&
	cable eq-cli eth0 net0 1 && cable eq-srv srv0 net1 2 &&
	in_ns eq-net sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
}

in_machine()
{
	[ -n "${EQUIC_SESSIONS:-}" ]
}

netem()
{
	local dev

	for dev in net0 net1; do
		in_ns eq-net tc qdisc replace dev $dev root netem \
			"${BOTTLENECK[@]}" "$@" || return 1
	done
}

# network OPTION...: of netem, beside the bottleneck, both ways.
network()
{
	losses=$*
	! in_machine || must netem "$@"
}

lab_family()
{
	FAMILY=$1
	[ "$FAMILY" = 4 ] && SERVER=10.8.2.2 || SERVER=fd08:2::2
	SERVICE=$(endpoint "$SERVER" "$PORT")
}

# No gateway is asked what it thinks of a failure.
check()
{
	in_machine || ktap_check "$@"
}

# The kernel, or one that the Makefile built for: what it built makes boots safe.
kernel_for()
{
	local kernel

	for kernel in "$1" 6.12 7.2 debug; do
		[ ! -e "$EQUIC_BUILD/$kernel/stale_int3/stale_int3.ko" ] ||
			{ echo "$kernel"; return; }
	done
	echo "$1"
}

# The namespaces and the mounts of this kernel are not the test's. A session that failed
# is kept, as no other will be like it.
end_on_host()
{
	trap '' EXIT
	if [ "$ktap_failures" -ne 0 ]; then
		ktap_diag "what is left of the sessions is in $sessions"
	else
		rm -rf "$sessions"
	fi
	rm -rf "$tmp"
}

# Browsers want it named, to trust it.
make_certificate()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj /CN=localhost -days 10 -keyout "$sessions/key" \
		-out "$sessions/certificate" 2>/dev/null &&
	openssl x509 -in "$sessions/certificate" -pubkey -noout |
		openssl pkey -pubin -outform der |
		openssl dgst -sha256 -binary | base64 >"$sessions/fingerprint"
}

# lab_begin KERNEL [ARGUMENT...]: of this test. All sessions are over when it returns.
lab_begin()
{
	local kernel memory=2G

	if in_machine; then
		trap clean_up EXIT
		must lab_topology
		must_here start_reader
		return
	fi
	ktap_begin
	trap end_on_host EXIT
	trap 'exit 1' HUP INT TERM
	[ "$(id -u)" = 0 ] || ktap_bail "needs root"
	# Where the Debian 13 root has it, too.
	sessions=$(mktemp -d "$EQUIC_BUILD/selftests/shared/sessions.XXXXXX")
	mkdir "$sessions/www"
	# Lines of text, which a browser shows.
	base64 -w 99 </dev/urandom | head -n $((FILE_BYTES / 100)) >"$sessions/www/file"
	must make_certificate
	kernel=$(kernel_for "$1")
	[ "$kernel" != debug ] || memory=3G
	EQUIC_SESSIONS=$sessions "$EQUIC_TREE/selftests/vm/run" \
		--kernel "$kernel" --mem $memory --share "$sessions" \
		"$(realpath "$0")" "${@:2}" >"$tmp/machine" 2>&1 && return
	ktap_diag <"$tmp/machine"
	ktap_bail "the machine failed"
}

lab_end()
{
	if in_machine; then
		end_jobs
		delete_namespaces
		clean_up
		exit
	fi
	end_on_host
	ktap_end
}

# --- A session: one client, one connection, all of its packets ----------------

# session COMMAND...: it begins a server and a client, and may do more meanwhile.
session()
{
	session_dir=$sessions/$((++session_count))
	if in_machine; then
		"$@"
		end_session
	else
		recall_session
	fi
}

# begin_session OPTION...: of h3server.
begin_session()
{
	rm -rf "$tmp/files" "$tmp/pcap" "$tmp/keylog" "$tmp/server.counters"
	mkdir "$tmp/files"
	touch "$tmp/keylog"
	job capture eq-srv tcpdump -i srv0 -U --immediate-mode -B 65536 \
		-w "$tmp/pcap" "udp port $PORT"
	must wait_until 60 grep -q listening "$tmp/capture.err"
	export SSLKEYLOGFILE=$tmp/keylog
	must_here server server --root "$sessions/www" --share \
		--cert "$sessions/certificate" --key "$sessions/key" "$@"
	unset SSLKEYLOGFILE
}

# What asks aioquic, and has its answers.
start_reader()
{
	local questions answers

	mkfifo "$tmp/questions" "$tmp/reader.out" || return 1
	# Without these it would end where nobody asks.
	exec {questions}<>"$tmp/questions" {answers}<>"$tmp/reader.out"
	cp "$lab_dir/aioquic_reader.py" "$tmp" || return 1
	stdin=$tmp/questions job_in_root reader eq-cli \
		python3 -u /mnt/aioquic_reader.py
}

# begin_reader STREAMS: aioquic, until it has the file and the second sender's streams. It
# stays connected.
begin_reader()
{
	reader_streams=$1
	# shellcheck disable=SC2016	# expanded in there
	job client eq-cli timeout 300 bash -c '
		echo "$3 $4 /file /mnt/files/file $5" >"$1"
		read -r answer <"$2"
		echo "$answer"
		[ "$answer" != "{}" ]
	' - "$tmp/questions" "$tmp/reader.out" "$SERVER" $PORT "$1"
}

# Not before the server knows what aioquic has: an acknowledgment may have been lost.
leave_reader()
{
	wait_until 60 server_has server .total.share.streams_done "$reader_streams"
	reader_streams=
	# The next line of its standard input.
	echo >"$tmp/questions"
}

# The server's end of the connection is over, too.
end_session()
{
	local client_status

	job_wait client
	client_status=$status
	[ -z "$reader_streams" ] || leave_reader
	wait_until 60 server_is server .total.connections.live 0
	job_end server
	must mkdir "$session_dir"
	echo "client_status=$client_status server_status=$status" \
		>"$session_dir/statuses"
	job_end capture INT
	must cp -r "$tmp/pcap" "$tmp/keylog" "$tmp/files" "$tmp/server.counters" \
		"$tmp/client.out" "$session_dir"
	tail -n 5 "$tmp/client.err" "$tmp/reader.err" "$tmp/server.err"
}

recall_session()
{
	# shellcheck disable=SC1091	# written by end_session
	. "$session_dir/statuses"
	"$H3SERVER" --print "$session_dir/server.counters" |
		jq .total >"$session_dir/total"
	jq -c '.share + {connections, ended, errors}' "$session_dir/total" | ktap_diag
	# Older ones lose the connection where packets change places at a key update, and
	# where a client without connection IDs of its own moves.
	"$EQUIC_TREE/selftests/vm/kernel" exec 7.2 tshark \
		-r "$session_dir/pcap" -o "tls.keylog_file:$session_dir/keylog" \
		-d "udp.port==$PORT,quic" -Y "udp.srcport == $PORT" -T json \
		--no-duplicate-keys -J "ip ipv6 quic" 2>"$tmp/tshark.err" |
		python3 "$lab_dir/packets.py" >"$session_dir/packets"
	ktap_diag <"$session_dir/packets"
}

# None of these is there while sessions happen.
total()
{
	in_machine || jq -r "$1" "$session_dir/total"
}

packets()
{
	in_machine || jq -r "$1" "$session_dir/packets"
}

client_said()
{
	in_machine || jq -r "$1" "$session_dir/client.out"
}

# has_read STREAMS BYTES: the client, of the second sender's streams.
has_read()
{
	expect "streams, bytes, wrong bytes" "$1 $(($1 * $2)) 0" \
		"$(client_said '"\(.streams) \(.bytes) \(.wrong)"')"
}

# read_all STREAMS BYTES: and the server knows of it.
read_all()
{
	has_read "$@" &&
	expect "streams acknowledged, stopped, done" "$1 0 $1" "$(total '.share |
		"\(.streams_acked) \(.streams_stopped) \(.streams_done)"')"
}

# The client's status in $client_status, its file in files/.
is_served()
{
	expect "status of the client" 0 "$client_status" &&
	cmp "$sessions/www/file" "$session_dir/files/file"
}

# So many errors of a client are none: Chromium, when it has all that it wants, leaves a
# path that degrades by CONNECTION_CLOSE with INTERNAL_ERROR (81 of its own numbers,
# QUIC_CONNECTION_MIGRATION_NO_MIGRATABLE_STREAMS).
client_errors=0

# A client says once that it ends: where that is lost, silence ends the connection. And
# where it is not said: Chromium's processes may be gone before (once in 20 sessions).
client_silent=
ended_well()
{
	local ends=.ended.client

	[ -z "$losses$client_silent" ] || ends+=+.ended.idle
	expect "status of the server" 0 "$server_status" &&
	expect "connections, ended by the client" "1 1" \
		"$(total "\"\(.connections.accepted) \($ends)\"")" &&
	expect "errors: the client's, the server's, the second sender's" \
		"0 0 0 0" \
		"$(total "[([0, .errors.client - $client_errors] | max), .ended.error,
			.share.hostile, .share.estranged] | join(\" \")")"
}

# What all senders count is what is on the wire.
counted_all()
{
	expect "packets" "$(total '.share |
		.stack_packets + .library_packets + .second_packets')" \
		"$(packets .packets)"
}

check_packets()
{
	check "$1: every packet of the server's is opened by tshark" \
		expect unread 0 "$(packets .unread)"
	check "$1: no packet number is used twice" \
		expect twice 0 "$(packets .twice)"
	check "$1: none is marked (ECN)" \
		expect marked 0 "$(packets .marked)"
	check "$1: none with older keys has a higher number" \
		at_least "key updates" "$(packets .phases)" \
		"$(total .share.key_updates)"
	check "$1: those of the second sender are among them" \
		at_least packets "$2" "$(packets .second)"
}
