/* SPDX-License-Identifier: MIT */
/*
 * hl7/scan.h - where a byte occurs, 64 bytes at a time
 *
 * The answer for 64 bytes is one word with a bit for each byte, lowest first, so
 * that short lines and short fields cost a few instructions each and not a
 * function call.  SSE2 belongs to every x86-64; other processors take eight bytes
 * at a time by arithmetic.
 */
#ifndef HL7_SCAN_H
#define HL7_SCAN_H

#include <stdint.h>

#include "base/span.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { HL7_SCAN_BLOCK = 64 };

/* The byte at the lowest address lowest; compilers make one load of it. */
static inline uint64_t
hl7_scan_load(const char *at)
{
	const unsigned char *u = (const unsigned char *)at;

	return (uint64_t)u[0] | (uint64_t)u[1] << 8 | (uint64_t)u[2] << 16 | (uint64_t)u[3] << 24 |
	       (uint64_t)u[4] << 32 | (uint64_t)u[5] << 40 | (uint64_t)u[6] << 48 |
	       (uint64_t)u[7] << 56;
}

/* Of 8 bytes only, on any processor. */
static inline uint64_t
hl7_scan_8(const char *at, char c)
{
	const uint64_t ones = 0x0101010101010101u, low = 0x7f * ones;
	uint64_t bytes = hl7_scan_load(at) ^ ones * (unsigned char)c, others;

	/* the top bit of each byte that is not 0 now; nothing carries between bytes */
	others = ((bytes & low) + low) | bytes | low;
	/* gather those that are into the top byte */
	return ((~others >> 7) * 0x0102040810204080u) >> 56;
}

/* The byte that is looked for, as the processor takes it. */
#if defined(__SSE2__)

typedef __m128i hl7_mark;

static inline hl7_mark
hl7_mark_of(char c)
{
	return _mm_set1_epi8(c);
}

/* Of 16 bytes only. */
static inline uint64_t
hl7_scan_16(const char *at, hl7_mark mark)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);

	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, mark));
}

#else

typedef char hl7_mark;

static inline hl7_mark
hl7_mark_of(char c)
{
	return c;
}

static inline uint64_t
hl7_scan_16(const char *at, hl7_mark mark)
{
	return hl7_scan_8(at, mark) | hl7_scan_8(at + 8, mark) << 8;
}

#endif

static inline uint64_t
hl7_scan_64(const char *at, hl7_mark mark)
{
	return hl7_scan_16(at, mark) | hl7_scan_16(at + 16, mark) << 16 |
	       (hl7_scan_16(at + 32, mark) | hl7_scan_16(at + 48, mark) << 16) << 32;
}

/* Where less than 64 bytes are left; kept apart, so that callers need no room for a copy. */
uint64_t hl7_scan_last(struct span in, size_t at, char c);

/* Of the up to 64 bytes from `at` on; reads nothing outside `in`.  `c` is not NUL. */
static inline uint64_t
hl7_scan(struct span in, size_t at, char c)
{
	if (__builtin_expect(in.len - at >= HL7_SCAN_BLOCK, 1))
		return hl7_scan_64(in.ptr + at, hl7_mark_of(c));
	return hl7_scan_last(in, at, c);
}

/* The lowest place of a scan's answer, which is not 0. */
static inline unsigned
hl7_scan_first(uint64_t found)
{
	return (unsigned)__builtin_ctzll(found);
}

/* The places behind it. */
static inline uint64_t
hl7_scan_behind(uint64_t found)
{
	return found & (found - 1);
}

/* Takes the lowest place out. */
static inline unsigned
hl7_scan_next(uint64_t *found)
{
	unsigned place = hl7_scan_first(*found);

	*found = hl7_scan_behind(*found);
	return place;
}

#endif
