/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program that runs one thing over and over, while an experiment on the host
 * watches what the machine executes (core/trace.py).
 */
#ifndef EQUIC_BENCH_WATCH_H
#define EQUIC_BENCH_WATCH_H

#include <stdbool.h>

/**
 * watch_names - have BPF programs in the kernel's list of symbols
 *
 * In the first network namespace, before the programs are loaded.
 */
void watch_names(void);

/**
 * watch_begin - say that what runs from now on may be watched
 * @ready: the file that says so
 * @symbols: the file that receives the kernel's list of symbols
 */
void watch_begin(const char *ready, const char *symbols);

/**
 * watched - whether it is still wanted
 * @done: the file that will say that it is not
 */
bool watched(const char *done);

#endif /* EQUIC_BENCH_WATCH_H */
