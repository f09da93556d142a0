# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Sourced by the tests of equic(8): what a command must print and return.
# shellcheck source=../ktap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../ktap.sh"

PATH=$EQUIC_BUILD/bin:$PATH
tool_tmp=$(mktemp -d /tmp/equic-tool.XXXXXX)
trap 'tool_cleanup' EXIT

# Tests that make more than files replace it, and call it.
tool_cleanup()
{
	rm -rf "$tool_tmp"
}

# expect_status STATUS COMMAND...: keeps both outputs for what follows.
expect_status()
{
	local want=$1 got=0

	shift
	"$@" >"$tool_tmp/out" 2>"$tool_tmp/err" </dev/null || got=$?
	[ "$got" -eq "$want" ] && return
	echo "status $got instead of $want"
	cat "$tool_tmp/out" "$tool_tmp/err"
	return 1
}

# expect_words FILE TEXT
expect_words()
{
	grep -qF -- "$2" "$1" && return
	echo "these words are missing: $2"
	echo "in:"
	cat "$1"
	return 1
}

# refuses STATUS TEXT COMMAND...: with one line of standard error that begins
# with the program's name, and nothing on standard output but an empty array.
refuses()
{
	local status=$1 text=$2

	shift 2
	expect_status "$status" "$@" || return
	expect_words "$tool_tmp/err" "$text" || return
	if [ "$(grep -c '' "$tool_tmp/err")" -ne 1 ] ||
	   ! grep -q '^equic: ' "$tool_tmp/err"; then
		echo "not one line of the program's own:"
		cat "$tool_tmp/err"
		return 1
	fi
	if grep -qvx '\[\]' "$tool_tmp/out"; then
		echo "standard output:"
		cat "$tool_tmp/out"
		return 1
	fi
}

# silent COMMAND...: succeeds without a word.
silent()
{
	expect_status 0 "$@" || return
	[ ! -s "$tool_tmp/out" ] && [ ! -s "$tool_tmp/err" ] && return
	echo "output:"
	cat "$tool_tmp/out" "$tool_tmp/err"
	return 1
}

# prints TEXT COMMAND...: succeeds, TEXT is in its standard output.
prints()
{
	local text=$1

	shift
	expect_status 0 "$@" || return
	expect_words "$tool_tmp/out" "$text"
}

# json FILTER COMMAND...: succeeds, prints one JSON array of objects, for which
# the jq filter is true.
json()
{
	local filter=$1

	shift
	expect_status 0 "$@" || return
	json_file "$filter" "$tool_tmp/out"
}

# json_one FILTER COMMAND...: the same for the only object of the array.
json_one()
{
	local filter=$1

	shift
	json "length == 1 and (.[0] | $filter)" "$@"
}

# json_file FILTER FILE
json_file()
{
	jq -es 'length == 1 and (.[0] | type == "array" and
		all(.[]; type == "object") and ('"$1"'))' "$2" \
		>/dev/null 2>"$tool_tmp/jq" && return
	echo "no array of objects for which this is true: $1"
	cat "$2" "$tool_tmp/jq"
	return 1
}

# becomes SECONDS COMMAND...: true within that time, by asking again.
becomes()
{
	local end=$((SECONDS + $1))

	shift
	until "$@" >"$tool_tmp/last" 2>&1; do
		if [ "$SECONDS" -gt "$end" ]; then
			cat "$tool_tmp/last"
			return 1
		fi
		sleep 0.05
	done
}
