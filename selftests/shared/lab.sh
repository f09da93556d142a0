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
# shellcheck source=selftests/gateway/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../gateway/lib.sh"
lab_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

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

# network OPTION...: of netem, beside the bottleneck, both ways.
network()
{
	local dev

	losses=$*
	for dev in net0 net1; do
		in_ns eq-net tc qdisc replace dev $dev root netem \
			"${BOTTLENECK[@]}" "$@" || return 1
	done
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
	ktap_check "$@"
}

lab_begin()
{
	ktap_begin
	trap clean_up EXIT
	trap 'exit 1' HUP INT TERM
	[ "$(id -u)" = 0 ] || ktap_bail "needs root"
	must lab_topology
	mkdir "$tmp/www"
	head -c "$FILE_BYTES" /dev/urandom >"$tmp/www/file"
}

lab_end()
{
	end_jobs
	delete_namespaces
	clean_up
	ktap_end
}

# --- A session: one client, one connection, all of its packets ----------------

# begin_session OPTION...: of h3server.
begin_session()
{
	rm -rf "$tmp/files" "$tmp/pcap" "$tmp/keylog" "$tmp/server.counters"
	mkdir "$tmp/files"
	job capture eq-srv tcpdump -i srv0 -U --immediate-mode -B 65536 \
		-w "$tmp/pcap" "udp port $PORT"
	wait_until 60 grep -q listening "$tmp/capture.err" || return 1
	SSLKEYLOGFILE=$tmp/keylog server server --root "$tmp/www" --share "$@"
}

# begin_reader STREAMS: aioquic, until it has the file and the second sender's streams.
begin_reader()
{
	stdin=$lab_dir/aioquic_reader.py job_in_root client eq-cli \
		timeout 300 python3 - "$SERVER" $PORT /file /mnt/files/file "$1"
}

# The server's end of the connection is over, too.
end_session()
{
	job_wait client
	client_status=$status
	wait_until 60 server_is server .total.connections.live 0
	job_end server
	server_status=$status
	job_end capture INT
	server_stat server .total >"$tmp/total"
	jq -c '.share + {ended, errors}' "$tmp/total" | ktap_diag
	tshark -r "$tmp/pcap" -o "tls.keylog_file:$tmp/keylog" \
		-d "udp.port==$PORT,quic" -Y "udp.srcport == $PORT" -T json \
		--no-duplicate-keys -J quic 2>"$tmp/tshark.err" |
		python3 "$lab_dir/packets.py" >"$tmp/packets"
	ktap_diag <"$tmp/packets"
}

total()
{
	jq -r "$1" "$tmp/total"
}

packets()
{
	jq -r "$1" "$tmp/packets"
}

# read_all STREAMS BYTES: what the reader read, and the server knows of it.
read_all()
{
	expect "streams, bytes, wrong bytes" "$1 $(($1 * $2)) 0" \
		"$(jq -r '"\(.streams) \(.bytes) \(.wrong)"' "$tmp/client.out")" &&
	expect "streams acknowledged, stopped, done" "$1 0 $1" "$(total '.share |
		"\(.streams_acked) \(.streams_stopped) \(.streams_done)"')"
}

# The client's status in $client_status, its file in files/.
is_served()
{
	expect "status of the client" 0 "$client_status" &&
	cmp "$tmp/www/file" "$tmp/files/file"
}

# A client says once that it ends: where that is lost, silence ends the connection.
ended_well()
{
	local ends=.ended.client

	[ -z "$losses" ] || ends+=+.ended.idle
	expect "status of the server" 0 "$server_status" &&
	expect "connections, ended by the client" "1 1" \
		"$(total "\"\(.connections.accepted) \($ends)\"")" &&
	expect "errors: the client's, the server's, the second sender's" \
		"0 0 0 0" \
		"$(total '"\(.errors.client) \(.ended.error) \(.share.hostile) \(.share.estranged)"')"
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
	check "$1: those of the second sender are among them" \
		at_least packets "$2" "$(packets .second)"
}
