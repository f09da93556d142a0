/* SPDX-License-Identifier: GPL-2.0-only */
/* A measured value, told to the experiment: one JSON object on one line. */
#ifndef EQUIC_BENCH_VALUE_H
#define EQUIC_BENCH_VALUE_H

/**
 * struct value - a value and what tells it from others
 * @what: the quantity
 * @who: the measured
 * @value: the number
 * @unit: its unit; NULL: that of the clock
 * @family: 4 or 6; 0: does not apply, as in what follows
 * @clients: in the table
 * @services: in the table
 * @conns: connections of the client
 * @cpus: that worked at once
 * @packets: that the value is of
 * @passed: of these, how many reached their server
 * @run: which of the repeated measurements, from 1
 */
struct value {
	const char	*what;
	const char	*who;
	double		value;
	const char	*unit;
	int		family;
	long		clients;
	long		services;
	long		conns;
	int		cpus;
	long		packets;
	long		passed;
	int		run;
};

/**
 * value_tell - write it to standard output
 * @value: it
 */
void value_tell(const struct value *value);

#define tell(...) value_tell(&(struct value){ __VA_ARGS__ })

#endif /* EQUIC_BENCH_VALUE_H */
