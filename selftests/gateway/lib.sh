# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by the tests of the whole gateway: real QUIC peers, real packets.
#
#   eq-bad                      eq-srv                       eq-good
#   10.9.1.K      10.9.1.254 .---------. 10.9.2.254          10.9.2.K
#   fd09:1:0:K::1  fd09:1::fe|         |fd09:2::fe      fd09:2:0:K::1
#   eth0 -------------- bad0 |lo:      | good0 -------------- eth0
#                            |10.9.0.1 | the service
#                            |fd09::1  |
#                            |10.9.0.2 | another host's address, for all that
#                            |fd09::2  | the service cares
#                            '---------'
#
# K is 1 … 4: as many clients, for those of IPv6 are told apart by their /64. The
# gateway runs on bad0 and on good0. No end merges packets before they are sent,
# so that a datagram is a packet, and every one is counted where it is sent,
# where it is dropped and where it is received.
# shellcheck disable=SC2034	# the tests read what is set here

gateway_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/ktap.sh
. "$gateway_dir/../ktap.sh"

EQUIC=$EQUIC_BUILD/bin/equic
H3SERVER=$EQUIC_BUILD/selftests/h3server
H3LOAD=$EQUIC_BUILD/selftests/h3load
HANDSHAKES=$EQUIC_BUILD/selftests/gateway/handshakes
FLOW=$EQUIC_BUILD/selftests/gateway/flow
SINK=$EQUIC_BUILD/selftests/gateway/sink
KILLER=$EQUIC_BUILD/selftests/gateway/killer
EQUIC_KO=${EQUIC_KO:-$EQUIC_BUILD/6.12/equic.ko}
root=${EQUIC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/equic}/7.2/root

CLIENTS=4
PORT=443
tmp=$(mktemp -d /tmp/equic-gateway.XXXXXX)
declare -A job_pid=()
mkfifo "$tmp/never"
exec {never}<>"$tmp/never"

# --- Waiting -----------------------------------------------------------------

now_ms()
{
	local now=${EPOCHREALTIME/./}

	echo $((now / 1000))
}

# Without a process of its own, unlike sleep.
nap()
{
	read -rt "${1:-0.02}" -u "$never" _ || true
}

# wait_until SECONDS COMMAND...: until it succeeds; says so when it never did.
wait_until()
{
	local end=$(($(now_ms) + $1 * 1000))

	shift
	until "$@" >/dev/null 2>&1; do
		if [ "$(now_ms)" -ge "$end" ]; then
			echo "waited in vain for: $*"
			"$@"
			return 1
		fi
		nap
	done
}

# expect WHAT WANTED FOUND
expect()
{
	[ "$2" = "$3" ] && return 0
	echo "$1: wanted $2, found $3"
	return 1
}

at_least()
{
	[ "$2" -le "$3" ] && return 0
	echo "$1: wanted at least $2, found $3"
	return 1
}

# --- Namespaces --------------------------------------------------------------

in_ns()
{
	local ns=$1

	shift
	nsenter --net="/run/netns/$ns" "$@"
}
in_srv() { in_ns eq-srv "$@"; }
in_bad() { in_ns eq-bad "$@"; }
in_good() { in_ns eq-good "$@"; }

# A datagram is a packet on DEV of namespace NS.
one_by_one()
{
	in_ns "$1" ethtool -K "$2" tso off gso off gro off \
		tx-udp-segmentation off >/dev/null
}

# What the picture shows of side N, as lines for ip -batch: the client's end and
# the server's. Neighbours are known from the start, so that no packet waits for
# another.
client_end()
{
	local n=$1 k

	echo "link set lo up"
	for k in $(seq "$CLIENTS"); do
		echo "addr add 10.9.$n.$k/24 dev eth0"
		echo "addr add fd09:$n:0:$k::1/48 dev eth0 nodad"
	done
	echo "link set eth0 up"
	echo "neigh add 10.9.$n.254 lladdr 02:00:00:00:$n:fe dev eth0 nud permanent"
	echo "neigh add fd09:$n::fe lladdr 02:00:00:00:$n:fe dev eth0 nud permanent"
	echo "route add default via 10.9.$n.254"
	echo "route add ::/0 via fd09:$n::fe src fd09:$n:0:1::1"
}

server_end()
{
	local dev=$1 n=$2 k

	echo "addr add 10.9.$n.254/24 dev $dev"
	echo "addr add fd09:$n::fe/48 dev $dev nodad"
	echo "link set $dev up"
	for k in $(seq "$CLIENTS"); do
		echo "neigh add 10.9.$n.$k lladdr 02:00:00:00:$n:01 dev $dev nud permanent"
		echo "neigh add fd09:$n:0:$k::1 lladdr 02:00:00:00:$n:01 dev $dev nud permanent"
	done
}

# side NS DEV N: a namespace of clients, and its cable.
side()
{
	ip netns add "$1" &&
	ip link add eth0 netns "$1" address "02:00:00:00:$3:01" type veth \
		peer name "$2" netns eq-srv address "02:00:00:00:$3:fe" &&
	client_end "$3" | ip -n "$1" -batch - &&
	server_end "$2" "$3" | ip -n eq-srv -batch - &&
	one_by_one "$1" eth0 && one_by_one eq-srv "$2"
}

topology()
{
	ip netns add eq-srv &&
	ip -n eq-srv -batch - <<-LINES &&
		link set lo up
		addr add 10.9.0.1/32 dev lo
		addr add 10.9.0.2/32 dev lo
		addr add fd09::1/128 dev lo nodad
		addr add fd09::2/128 dev lo nodad
	LINES
	side eq-bad bad0 1 && side eq-good good0 2
}

# family 4|6: what the following speaks of.
family()
{
	FAMILY=$1
	if [ "$FAMILY" = 4 ]; then
		SERVER=10.9.0.1 OTHER=10.9.0.2
		SERVICE=$SERVER:$PORT
	else
		SERVER=fd09::1 OTHER=fd09::2
		SERVICE=[$SERVER]:$PORT
	fi
	BAD=$(bad 1)
	GOOD=$(good 1)
}

# bad K, good K: the address of a client.
client()
{
	[ "$FAMILY" = 4 ] && echo "10.9.$1.$2" || echo "fd09:$1:0:$2::1"
}
bad() { client 1 "$1"; }
good() { client 2 "$1"; }

# prefix ADDR: of the client that the address belongs to.
prefix()
{
	case $1 in
	*:*)	echo "${1%::*}::/64" ;;
	*)	echo "$1/32" ;;
	esac
}

# endpoint ADDR PORT
endpoint()
{
	case $1 in
	*:*)	echo "[$1]:$2" ;;
	*)	echo "$1:$2" ;;
	esac
}

# --- The gateway -------------------------------------------------------------

equic()
{
	"$EQUIC" -n eq-srv "$@"
}

load_module()
{
	insmod "$EQUIC_KO" || return 1
	[ -e /sys/kernel/btf/equic ] ||
		echo "no /sys/kernel/btf/equic: the module was built without BTF"
}

unload_module()
{
	rmmod equic
}

# attach native|generic
attach()
{
	equic attach dev bad0 mode "$1" && equic attach dev good0 mode "$1"
}

detach()
{
	equic detach dev bad0 && equic detach dev good0
}

# service KNOB VALUE...: $SERVICE, anew: no client, no count is left of before.
# On a slow machine a handshake may take its time.
service()
{
	equic service del "$SERVICE" 2>/dev/null
	equic service add "$SERVICE" pending-timeout 5m "$@"
}

# field NAME JSON: the first number, word or list of that name. jq is a process.
field()
{
	[[ $2 =~ \"$1\":\ *([^],}]*) ]] || return 1
	printf '%s\n' "${BASH_REMATCH[1]%"${BASH_REMATCH[1]##*[![:space:]]}"}"
}

# stat_of NAME: of the service, by its name in the JSON; for a drop its reason.
stat_of()
{
	field "$1" "$(equic -j stats service "$SERVICE")"
}

stat_is()
{
	expect "$1 of $SERVICE" "$2" "$(stat_of "$1")"
}

stat_at_least()
{
	at_least "$1 of $SERVICE" "$2" "$(stat_of "$1")"
}

# stats_are NAME VALUE [NAME VALUE]...: at one moment.
stats_are()
{
	local json result=0

	json=$(equic -j stats service "$SERVICE")
	while [ $# -gt 1 ]; do
		expect "$1 of $SERVICE" "$2" "$(field "$1" "$json")" || result=1
		shift 2
	done
	return $result
}

# client_is ADDR NAME VALUE: of one client of the service.
client_is()
{
	expect "$2 of $1" "$3" "$(field "$2" \
		"$(equic -j client show service "$SERVICE" "$(prefix "$1")")")"
}

# conns STATE [ADDR]: how many there are, of a client if one is named.
conns()
{
	equic -j conn show service "$SERVICE" ${2:+client "$(prefix "$2")"} |
		grep -o "\"state\": *\"$1\"" | wc -l
}

# --- Processes ---------------------------------------------------------------

# [stdin=FILE] job NAME NS COMMAND...: runs it there, its output in $tmp/NAME.out
# and .err.
job()
{
	local name=$1 ns=$2

	shift 2
	[ "$BASH_SUBSHELL" -eq 0 ] ||
		ktap_bail "job $name begun where it will be forgotten"
	# Not in_ns: the process in the background shall be the command itself.
	nsenter --net="/run/netns/$ns" "$@" \
		<"${stdin:-/dev/null}" >"$tmp/$name.out" 2>"$tmp/$name.err" &
	job_pid[$name]=$!
}

# The Debian 13 root that selftests/vm/kernel made, for what its programs want of
# the machine. There, $tmp is /mnt.
mount_root()
{
	mountpoint -q "$root/dev" || mount --rbind /dev "$root/dev"
	mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
	mountpoint -q "$root/mnt" || mount --bind "$tmp" "$root/mnt"
}

# job_in_root NAME NS COMMAND...: it has curl and aioquic.
job_in_root()
{
	local name=$1 ns=$2

	shift 2
	mount_root
	job "$name" "$ns" chroot "$root" "$@"
}

job_runs()
{
	[ -n "${job_pid[$1]:-}" ] && kill -0 "${job_pid[$1]}" 2>/dev/null
}

# job_end NAME [SIGNAL]: its exit status in $status.
job_end()
{
	local pid=${job_pid[$1]:-}

	status=127
	[ -n "$pid" ] || return 0
	[ -z "${2-TERM}" ] || kill -"${2-TERM}" "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	status=$?
	unset "job_pid[$1]"
}

# Until it ends by itself.
job_wait()
{
	job_end "$1" ''
}

# server NAME ARGUMENT...: h3server at the service's address.
server()
{
	local name=$1

	shift
	rm -f "$tmp/$name.ready"
	job "$name" eq-srv "$H3SERVER" --listen "$SERVICE" --ledger port --quiet \
		--counters "$tmp/$name.counters" \
		--ready-file "$tmp/$name.ready" "$@"
	if ! wait_until 60 test -s "$tmp/$name.ready"; then
		cat "$tmp/$name.err"
		return 1
	fi
}

# server_stat NAME FIELD: as .total.received.datagrams
server_stat()
{
	"$H3SERVER" --print "$tmp/$1.counters" | jq -r "$2"
}

server_is()
{
	expect "$2 of the server" "$3" "$(server_stat "$1" "$2")"
}

server_has()
{
	at_least "$2 of the server" "$3" "$(server_stat "$1" "$2")"
}

# load NAME NS SOURCES ARGUMENT...: h3load to the service.
load()
{
	local name=$1 ns=$2 sources=$3

	shift 3
	job "$name" "$ns" "$H3LOAD" --source "$sources" \
		--json "$tmp/$name.json" "$@" "$SERVICE"
}

load_stat()
{
	jq -r "$2" "$tmp/$1.json"
}

load_is()
{
	expect "$2 of $1" "$3" "$(load_stat "$1" "$2")"
}

# sink NAME NS ADDR:PORT...: receives there, and answers nothing.
sink()
{
	local name=$1 ns=$2

	shift 2
	rm -f "$tmp/$name.pid"
	job "$name" "$ns" "$SINK" --pid "$tmp/$name.pid" "$@"
	wait_until 30 test -s "$tmp/$name.pid" || { cat "$tmp/$name.err"; return 1; }
}

# sink_stat NAME INDEX FIELD, when it ended: of its socket INDEX.
sink_stat()
{
	jq ".[$2].$3" "$tmp/$1.out"
}

# owner: reports nothing for the service, but could: its quota is enforced.
owner()
{
	[ -p "$tmp/owner.in" ] || mkfifo "$tmp/owner.in"
	exec {owner_input}<>"$tmp/owner.in"
	stdin=$tmp/owner.in job owner eq-srv "$EQUIC" feed service "$SERVICE"
	wait_until 30 stat_is owners 1
}

end_owner()
{
	job_end owner
	exec {owner_input}>&-
}

# --- Results -----------------------------------------------------------------

# check NAME COMMAND...: as ktap_check, and what the gateway says when it failed.
check()
{
	local before=$ktap_failures name

	ktap_check "$@"
	[ "$ktap_failures" -ne "$before" ] || return 0
	{
		equic service show "$SERVICE"
		equic client show service "$SERVICE"
		equic conn show service "$SERVICE"
		for name in "${!job_pid[@]}"; do
			[ ! -s "$tmp/$name.err" ] || sed "s/^/$name: /" "$tmp/$name.err"
		done
	} 2>&1 | head -n 40 | ktap_diag
	return 1
}

# must COMMAND...: without it nothing that follows means anything.
must()
{
	local output

	output=$("$@" 2>&1) && return 0
	ktap_diag "$* failed"
	ktap_diag "$output"
	dmesg | tail -n 5 | ktap_diag
	ktap_bail "$*"
}

# As must, for what starts a job: that cannot be done in a subshell.
must_here()
{
	"$@" >"$tmp/must" 2>&1 && return 0
	ktap_diag "$* failed"
	ktap_diag <"$tmp/must"
	ktap_bail "$*"
}

end_jobs()
{
	local name

	for name in "${!job_pid[@]}"; do
		job_end "$name" KILL
	done
}

delete_namespaces()
{
	local ns

	for ns in $(ip netns list | sed -n 's/^\(eq-[a-z0-9]*\).*/\1/p'); do
		ip netns del "$ns"
	done
}

clean_up()
{
	trap '' EXIT
	end_jobs
	delete_namespaces 2>/dev/null
	[ ! -e /sys/module/equic ] || wait_until 30 unload_module >/dev/null
	mountpoint -q "$root/mnt" && umount "$root/mnt"
	rm -rf "$tmp"
}

nothing_is_left()
{
	# A namespace is taken apart some time after its name is gone.
	wait_until 30 unload_module &&
		expect "sysfs entry" no "$([ -e /sys/kernel/equic ] && echo yes || echo no)" &&
		expect "namespaces" '' "$(ip netns list | grep '^eq-')"
}

gateway_begin()
{
	ktap_begin
	trap clean_up EXIT
	trap 'exit 1' HUP INT TERM
	[ "$(id -u)" = 0 ] || ktap_bail "needs root"
	must load_module
	must topology
}

gateway_end()
{
	end_jobs
	delete_namespaces
	ktap_check "the module can be unloaded when all is over, and leaves nothing" \
		nothing_is_left
	clean_up
	ktap_end
}
