# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by newer_NAME.test, which is NAME.test with the ngtcp2 of trixie-backports:
# `make newer` of this directory has built its program. Arguments: the program's.
build=$(realpath "${EQUIC_BUILD:-$(dirname "$0")/../../build}")
program=$(basename "$0" .test)_test
export EQUIC_BUILD="$build"
exec "$(dirname "$0")/../vm/kernel" exec 7.2 \
	"$build/newer/selftests/shared/${program#newer_}" "$@"
