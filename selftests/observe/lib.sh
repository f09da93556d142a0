# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by the tests of what equic lets people see.
#
#   this namespace                      client namespace
#   gate0 192.0.2.1/24 ---- veth ---- load0 192.0.2.2/24
#   equic_gateway (native XDP)
#   service 192.0.2.1:4433, quota 1, reported by `equic feed`; pending never ends

. "$(dirname "${BASH_SOURCE[0]}")/../ktap.sh"
PATH=$EQUIC_BUILD/bin:$PATH
here=$(dirname "${BASH_SOURCE[0]}")
client=equic-observe
service=192.0.2.1:4433
work=$(mktemp -d)

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for()
{
	local deadline=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.05
	done
}

setup()
{
	insmod "$EQUIC_KO" || ktap_bail "insmod failed"
	ip netns add $client
	ip link add gate0 type veth peer name load0 netns $client
	ip addr add 192.0.2.1/24 dev gate0
	ip link set gate0 up
	ip -n $client addr add 192.0.2.2/24 dev load0
	ip -n $client link set load0 up
	equic service add $service quota 1 pending-timeout 60m
	equic attach dev gate0 mode native >/dev/null
}

# start_reporter: somebody who reports the service, until stop_reporter.
start_reporter()
{
	mkfifo "$work/feed"
	equic feed service $service <"$work/feed" >"$work/answers" &
	reporter=$!
	exec 3>"$work/feed"
	echo begin-sync >&3
	echo end-sync >&3
	wait_for 10 eval 'is "$(wc -l <"$work/answers")" 2 >/dev/null'
}

stop_reporter()
{
	exec 3>&-
	wait "$reporter" || true
	rm -f "$work/feed"
}

# send WHAT...: one datagram each, see send.py.
send()
{
	ip netns exec $client python3 "$here/send.py" 192.0.2.1 4433 "$@"
}

teardown()
{
	exec 3>&- 2>/dev/null
	equic detach dev gate0 >/dev/null 2>&1
	ip link del gate0 2>/dev/null
	ip netns del $client 2>/dev/null
	rmmod equic 2>/dev/null
	rm -rf "$work"
}
trap teardown EXIT

# stat FIELD: a number of the service, by jq path.
stat()
{
	equic -j stats service $service | jq ".[0]$1"
}

is()
{
	[ "$1" = "$2" ] || { echo "is $1, must be $2"; return 1; }
}
