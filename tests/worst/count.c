/* SPDX-License-Identifier: MIT */
/*
 * Compiled without what it provides, or it would report itself.
 */
#include "worst/count.h"

#include <stddef.h>

unsigned long count_blocks, count_bytes;

/* The compiler calls it at the beginning of each block. */
void __sanitizer_cov_trace_pc(void);

void
__sanitizer_cov_trace_pc(void)
{
	count_blocks++;
}

/* ---- calls that the linker sends here -------------------------------------------- */

void *__real_memchr(const void *s, int c, size_t n);
void *__wrap_memchr(const void *s, int c, size_t n);
void *__real_memrchr(const void *s, int c, size_t n);
void *__wrap_memrchr(const void *s, int c, size_t n);
int __real_memcmp(const void *a, const void *b, size_t n);
int __wrap_memcmp(const void *a, const void *b, size_t n);
void *__real_memcpy(void *to, const void *from, size_t n);
void *__wrap_memcpy(void *to, const void *from, size_t n);
void *__real_memmove(void *to, const void *from, size_t n);
void *__wrap_memmove(void *to, const void *from, size_t n);
void *__real_memset(void *to, int c, size_t n);
void *__wrap_memset(void *to, int c, size_t n);
void *__real_memmem(const void *s, size_t n, const void *what, size_t len);
void *__wrap_memmem(const void *s, size_t n, const void *what, size_t len);
size_t __real_strlen(const char *s);
size_t __wrap_strlen(const char *s);

void *
__wrap_memchr(const void *s, int c, size_t n)
{
	const char *found = __real_memchr(s, c, n);

	count_bytes += found ? (size_t)(found - (const char *)s) : n;
	return (void *)found;
}

void *
__wrap_memrchr(const void *s, int c, size_t n)
{
	const char *found = __real_memrchr(s, c, n);

	count_bytes += found ? n - (size_t)(found - (const char *)s) : n;
	return (void *)found;
}

/* How far it looked is not known; this is the most. */
int
__wrap_memcmp(const void *a, const void *b, size_t n)
{
	count_bytes += n;
	return __real_memcmp(a, b, n);
}

void *
__wrap_memcpy(void *to, const void *from, size_t n)
{
	count_bytes += n;
	return __real_memcpy(to, from, n);
}

void *
__wrap_memmove(void *to, const void *from, size_t n)
{
	count_bytes += n;
	return __real_memmove(to, from, n);
}

void *
__wrap_memset(void *to, int c, size_t n)
{
	count_bytes += n;
	return __real_memset(to, c, n);
}

void *
__wrap_memmem(const void *s, size_t n, const void *what, size_t len)
{
	const char *found = __real_memmem(s, n, what, len);

	count_bytes += found ? (size_t)(found - (const char *)s) : n;
	return (void *)found;
}

size_t
__wrap_strlen(const char *s)
{
	const size_t n = __real_strlen(s);

	count_bytes += n;
	return n;
}
