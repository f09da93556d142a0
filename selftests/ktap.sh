# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by the shell tests. Where things are:
#   EQUIC_TREE   this source tree
#   EQUIC_BUILD  what was built from it
#   EQUIC_KO     the module for the running kernel
# and results on standard output, as Documentation/dev-tools/ktap.rst wants:
#   ktap_begin
#   ktap_check "what must be" COMMAND [ARGUMENT]...
#   ktap_end

EQUIC_TREE=${EQUIC_TREE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
EQUIC_BUILD=${EQUIC_BUILD:-$EQUIC_TREE/build}
export EQUIC_TREE EQUIC_BUILD
ktap_results=0
ktap_failures=0

ktap_begin()
{
	echo "TAP version 13"
}

# ktap_diag TEXT: explains the result that follows. Standard input without TEXT.
ktap_diag()
{
	if [ $# -gt 0 ]; then
		printf '%s\n' "$*"
	else
		cat
	fi | sed 's/^/# /'
}

ktap_ok()
{
	ktap_results=$((ktap_results + 1))
	printf 'ok %d %s\n' "$ktap_results" "$*"
}

ktap_not_ok()
{
	ktap_results=$((ktap_results + 1))
	ktap_failures=$((ktap_failures + 1))
	printf 'not ok %d %s\n' "$ktap_results" "$*"
}

# ktap_skip NAME REASON
ktap_skip()
{
	ktap_results=$((ktap_results + 1))
	printf 'ok %d %s # SKIP %s\n' "$ktap_results" "$1" "$2"
}

# ktap_check NAME COMMAND...: its output is shown when it fails.
ktap_check()
{
	local name=$1 output status=0

	shift
	output=$("$@" 2>&1) || status=$?
	if [ "$status" -eq 0 ]; then
		ktap_ok "$name"
	else
		ktap_diag "$* : status $status"
		[ -z "$output" ] || ktap_diag "$output"
		ktap_not_ok "$name"
	fi
}

ktap_bail()
{
	echo "Bail out! $*"
	exit 1
}

# Prints the plan and exits.
ktap_end()
{
	echo "1..$ktap_results"
	[ "$ktap_failures" -eq 0 ] || exit 1
	exit 0
}
