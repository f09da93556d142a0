// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every fixture through the gateway program, whose module is played by
 * parse.bpf.c: each field that the verdict kfunc is given is compared, and the
 * same again wherever the linear part of the packet ends, and in a TC program
 * that uses the parse headers.
 */
#include <linux/bpf.h>
#include <string.h>
#include "fixtures.h"
#include "ktap.h"
#include "parser.h"

/* All headers of the fixtures but long extension headers end before. */
#define LINEAR_SCAN	160
#define LINEAR_MIN	14

static struct parsed wanted(const struct fixture *fixture,
			    const struct built *built, int verdict)
{
	struct parsed want = { .outcome = fixture->outcome,
			       .action = XDP_PASS };

	if (fixture->outcome == DECIDED) {
		fixture_pkt(fixture, built, &want.pkt);
		want.size = sizeof(want.pkt);
		if (verdict > 0)
			want.action = XDP_DROP;
	}
	return want;
}

static bool run_skb(const struct fixture *fixture, const struct built *built)
{
	struct parsed want = wanted(fixture, built, 0), got;

	if (built->len > parser_linear_max())
		return true;
	parser_run_skb(built->data, built->len, &got);
	if (parsed_equal(&want, &got, fixture->name))
		return true;
	ktap_diag("%zu bytes, in a TC program", built->len);
	return false;
}

static bool run(const struct fixture *fixture, const struct built *built,
		size_t linear, int verdict)
{
	struct parsed want = wanted(fixture, built, verdict), got;

	parser_run(built->data, built->len, linear, verdict, &got);
	if (parsed_equal(&want, &got, fixture->name))
		return true;
	ktap_diag("%zu bytes, %zu of them linear, verdict %d", built->len,
		  linear, verdict);
	return false;
}

static void test(const struct fixture *fixture)
{
	static struct built built;
	size_t linear, last;
	bool ok;

	frame_build(&fixture->frame, &built);
	last = built.len < parser_linear_max() ? built.len :
						 parser_linear_max();
	ok = run(fixture, &built, last, 0) &&
	     run(fixture, &built, last, EQUIC_DROP_QUOTA) &&
	     run(fixture, &built, last, -22) &&
	     run_skb(fixture, &built);
	for (linear = LINEAR_MIN; ok && linear < last; linear++)
		if (linear < LINEAR_SCAN || linear > last - LINEAR_SCAN)
			ok = run(fixture, &built, linear, 0);
	ktap_result(ok, "%s", fixture->name);
}

int main(void)
{
	size_t i;

	ktap_begin();
	parser_open();
	ktap_diag("%u instructions verified, %zu bytes linear at most",
		  parser_instructions(), parser_linear_max());
	for (i = 0; i < fixtures_count; i++)
		test(&fixtures[i]);
	parser_close();
	return ktap_end();
}
