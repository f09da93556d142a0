/* SPDX-License-Identifier: GPL-2.0-only */
/* Results with the values that explain them. */
#ifndef EQUIC_SELFTESTS_EXPECT_H
#define EQUIC_SELFTESTS_EXPECT_H

#include <string.h>

#include "ktap.h"

/* A number is what it must be. */
#define expect_eq(got, want, ...) do {					\
	long long _got = (got), _want = (want);				\
									\
	if (_got != _want)						\
		ktap_diag("%s:%d: %s is %lld, not %lld", __FILE__,	\
			  __LINE__, #got, _got, _want);			\
	ktap_result(_got == _want, __VA_ARGS__);			\
} while (0)

/* A text contains another. */
#define expect_text(got, want, ...) do {				\
	const char *_got = (got), *_want = (want);			\
	bool _ok = _got && strstr(_got, _want);				\
									\
	if (!_ok)							\
		ktap_diag("%s:%d: \"%s\" has no \"%s\"", __FILE__,	\
			  __LINE__, _got ? _got : "(null)", _want);	\
	ktap_result(_ok, __VA_ARGS__);					\
} while (0)

#endif /* EQUIC_SELFTESTS_EXPECT_H */
