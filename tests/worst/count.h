/* SPDX-License-Identifier: MIT */
/*
 * worst/count.h - work as a number that is the same on every machine
 *
 * The library is compiled once more for this test, so that each of its basic blocks
 * reports; and for what the C library does in its place, each byte that it looks at or
 * moves counts.
 */
#ifndef WORST_COUNT_H
#define WORST_COUNT_H

extern unsigned long count_blocks, count_bytes;

#endif
