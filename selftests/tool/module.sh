# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Sourced by the tests of equic(8) that need the module. Each test has its own
# two namespaces; what the kernel knows goes with them.
#
#   $here_ns                                  $far_ns
#   here0 192.0.2.1/24, 2001:db8::1/64 --- far0 192.0.2.2/24, 2001:db8::2/64
# shellcheck source=expect.sh
. "$(dirname "${BASH_SOURCE[0]}")/expect.sh"

tool_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
here_ns=eqtool$$
far_ns=eqtoolfar$$
feed_pid=

tool_cleanup()
{
	[ -z "$feed_pid" ] || kill "$feed_pid" 2>/dev/null
	ip netns del $here_ns 2>/dev/null
	ip netns del $far_ns 2>/dev/null
	becomes 30 module_gone
	rm -rf "$tool_tmp"
}

module_gone()
{
	[ ! -e /sys/module/equic ] || rmmod equic
}

module_load()
{
	insmod "${1:-$EQUIC_KO}" || ktap_bail "insmod ${1:-$EQUIC_KO} failed"
}

# e COMMAND...: equic in the namespace.
e()
{
	equic -n $here_ns "$@"
}

# In the namespace, as somebody without privilege.
as_user()
{
	nsenter --net="/run/netns/$here_ns" setpriv --reuid 1000 --regid 1000 \
		--clear-groups "$@"
}

in_here()
{
	nsenter --net="/run/netns/$here_ns" "$@"
}

namespaces()
{
	ip netns add $here_ns && ip netns add $far_ns &&
	ip -n $here_ns link set lo up &&
	ip link add here0 netns $here_ns type veth \
		peer name far0 netns $far_ns &&
	ip -n $here_ns addr add 192.0.2.1/24 dev here0 &&
	ip -n $here_ns addr add 2001:db8::1/64 dev here0 nodad &&
	ip -n $far_ns addr add 192.0.2.2/24 dev far0 &&
	ip -n $far_ns addr add 2001:db8::2/64 dev far0 nodad &&
	ip -n $here_ns link set here0 up &&
	ip -n $far_ns link set far0 up || ktap_bail "no namespaces"
}

# feed_start SERVICE [COMMAND]...: a feed that lives until feed_stop; what is
# written to descriptor 3 goes to it, its answers come to $tool_tmp/answers.
feed_start()
{
	local service=$1

	shift
	rm -f "$tool_tmp/feed"
	mkfifo "$tool_tmp/feed"
	: >"$tool_tmp/answers"
	"${@:-e}" feed service "$service" <"$tool_tmp/feed" \
		>"$tool_tmp/answers" 2>"$tool_tmp/feed.err" 3>&- 4>&- &
	feed_pid=$!
	exec 3>"$tool_tmp/feed"
}

feed_stop()
{
	exec 3>&-
	wait "$feed_pid"
	feed_pid=
}

# feed_says N LINE...: after N answers in all, LINE... having been written.
feed_says()
{
	local n=$1

	shift
	[ $# -eq 0 ] || printf '%s\n' "$@" >&3
	becomes 60 answers_are "$n"
}

answers_are()
{
	[ "$(grep -c '' "$tool_tmp/answers")" -eq "$1" ] && return
	cat "$tool_tmp/answers" "$tool_tmp/feed.err"
	return 1
}

# initials N [PORT]: first Initials of as many connections, from one client.
initials()
{
	nsenter --net="/run/netns/$far_ns" python3 "$tool_dir/initials.py" \
		192.0.2.1 "${2:-443}" "$1"
}
