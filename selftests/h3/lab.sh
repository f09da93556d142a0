# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by the tests of h3server and h3load: two namespaces and their servers.
#
#   client namespace                          server namespace
#   cl  10.66.0.2 … .9/24      <-- veth -->   sv  10.66.0.1/24
#       fd66:0:0:2::1 … fd66:0:0:9::1/32          fd66::1/32
#
# so that each IPv6 address of the client is in a /64 of its own, except
# fd66:0:0:2::2, which shares one with the first.
# shellcheck source=../ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../ktap.sh"

lab_bin=$EQUIC_BUILD/selftests
lab_tmp=$(mktemp -d /tmp/equic-h3.XXXXXX)
server_program=h3server
lab_client=eqh3c$$
lab_server=eqh3s$$
: >"$lab_tmp/pids"
trap 'lab_down' EXIT

lab_down()
{
	local pid

	while read -r pid; do
		kill -KILL "$pid" 2>/dev/null
	done <"$lab_tmp/pids"
	ip netns del "$lab_client" 2>/dev/null
	ip netns del "$lab_server" 2>/dev/null
	rm -rf "$lab_tmp"
}

lab_up()
{
	local i

	ip netns add "$lab_client" && ip netns add "$lab_server" || return
	ip -n "$lab_client" link add cl type veth peer name sv \
		netns "$lab_server" || return
	ip -n "$lab_server" link set lo up
	ip -n "$lab_server" link set sv up
	ip -n "$lab_client" link set lo up
	ip -n "$lab_client" link set cl up
	ip -n "$lab_server" addr add 10.66.0.1/24 dev sv
	ip -n "$lab_server" addr add fd66::1/32 dev sv nodad
	for i in 2 3 4 5 6 7 8 9; do
		ip -n "$lab_client" addr add "10.66.0.$i/24" dev cl
		ip -n "$lab_client" addr add "fd66:0:0:$i::1/32" dev cl nodad
	done
	ip -n "$lab_client" addr add fd66:0:0:2::2/32 dev cl nodad
}

in_client()
{
	ip netns exec "$lab_client" "$@"
}

in_server()
{
	ip netns exec "$lab_server" "$@"
}

# wait_for COMMAND...: until it succeeds, half a minute at most.
wait_for()
{
	local end=$((SECONDS + 30))

	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.02
	done
}

# server_start NAME OPTION...: sets NAME_pid; statistics go to NAME.json. Also
# from a subshell, as ktap_check has them, so its end is told by a file.
server_start()
{
	local name=$1

	shift
	rm -f "$lab_tmp/$name".{ready,json,status}
	{
		in_server "$lab_bin/$server_program" --quiet \
			--stats "$lab_tmp/$name.json" \
			--ready-file "$lab_tmp/$name.ready" "$@"
		echo $? >"$lab_tmp/$name.status"
	} >"$lab_tmp/$name.out" 2>&1 &
	wait_for test -s "$lab_tmp/$name.ready" || {
		echo "h3server $* does not start:"
		cat "$lab_tmp/$name.out"
		return 1
	}
	read -r "${name?}_pid" <"$lab_tmp/$name.ready"
	cat "$lab_tmp/$name.ready" >>"$lab_tmp/pids"
}

# server_gone NAME: waits for it; its exit status.
server_gone()
{
	wait_for test -s "$lab_tmp/$1.status" || {
		echo "h3server $1 does not end"
		return 1
	}
	return "$(cat "$lab_tmp/$1.status")"
}

# server_end NAME: SIGTERM.
server_end()
{
	kill -TERM "$(cat "$lab_tmp/$1.ready")" && server_gone "$1"
}

# server_counts NAME FILTER: of its statistics of this moment.
server_counts()
{
	rm -f "$lab_tmp/$1.json"
	kill -USR1 "$(cat "$lab_tmp/$1.ready")" &&
		wait_for test -s "$lab_tmp/$1.json" && holds "$1" "$2"
}

# server_comes_to NAME FILTER: as soon as that is true.
server_comes_to()
{
	wait_for server_counts "$@" || server_counts "$@"
}

# load NAME ADDR:PORT OPTION...: results in NAME.json.
load()
{
	local name=$1

	shift
	in_client "$lab_bin/h3load" --json "$lab_tmp/$name.json" "$@"
}

# load_start NAME ADDR:PORT OPTION...: the same in the background, until it is
# over or load_end.
load_start()
{
	local name=$1

	shift
	exec_load()
	{
		exec ip netns exec "$lab_client" "$lab_bin/h3load" "$@"
	}
	exec_load --json "$lab_tmp/$name.json" "$@" &
	load_pid=$!
	echo "$load_pid" >>"$lab_tmp/pids"
}

load_end()
{
	kill -TERM "$load_pid" && wait "$load_pid"
}

# holds NAME FILTER: the jq filter is true of NAME.json; else shows the JSON.
holds()
{
	jq -e "$2" "$lab_tmp/$1.json" >/dev/null && return
	echo "not true of $1: $2"
	jq -c 'del(.sources, .workers, .handshake_ms, .request_ms)' \
		"$lab_tmp/$1.json"
	return 1
}

# value NAME FILTER
value()
{
	jq -r "$2" "$lab_tmp/$1.json"
}
