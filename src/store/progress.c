/* SPDX-License-Identifier: MIT */
/*
 * The file is written whole when it is made, so that no write to memory meets a full
 * disk.  The order of the words within a half is kept for a reader that comes after
 * a kill, on the same machine: program order is enough, so relaxed stores with a
 * signal fence between them.
 */
#include "store/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/hash.h"

static const unsigned char page_word[16] = "hl7q progress 1";

static uint64_t
check_of(const struct store_progress *p, unsigned feed, uint64_t cursor)
{
	const uint64_t words[2] = { cursor, feed };

	return store_hash(p->key, span_of((const char *)words, sizeof(words)));
}

static void
take_token(struct store_progress *p)
{
	p->key = store_hash(0, span_of((const char *)p->page->token, PROGRESS_TOKEN));
}

static int
make_whole(int fd)
{
	static const char zeros[4096];
	const size_t size = sizeof(struct store_progress_page);
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if ((size_t)st.st_size == size)
		return 0;
	if (ftruncate(fd, 0))
		return -errno;
	for (size_t at = 0; at < size;) {
		size_t len = size - at < sizeof(zeros) ? size - at : sizeof(zeros);
		ssize_t n = pwrite(fd, zeros, len, (off_t)at);

		if (n < 0)
			return -errno;
		at += (size_t)n;
	}
	return 0;
}

int
store_progress_open(struct store_progress *p, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), error;
	void *page;

	*p = (struct store_progress){ NULL, 0 };
	if (fd < 0)
		return -errno;
	error = make_whole(fd);
	page = error ? MAP_FAILED
		     : mmap(NULL, sizeof(*p->page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (!error && page == MAP_FAILED)
		error = -errno;
	close(fd);
	if (error)
		return error;
	p->page = page;
	take_token(p);
	return 0;
}

void
store_progress_close(struct store_progress *p)
{
	if (p->page)
		munmap(p->page, sizeof(*p->page));
	p->page = NULL;
}

bool
store_progress_is_of(const struct store_progress *p, const unsigned char token[PROGRESS_TOKEN])
{
	static const unsigned char none[PROGRESS_TOKEN]; /* of a backup, and so of any other */

	return p->page && !memcmp(p->page->word, page_word, sizeof(page_word)) &&
	       !memcmp(p->page->token, token, PROGRESS_TOKEN) &&
	       memcmp(token, none, PROGRESS_TOKEN) != 0;
}

static struct store_progress_slot *
slot_of(const struct store_progress *p, unsigned feed)
{
	return p->page && feed && feed <= PROGRESS_SLOTS ? &p->page->slot[feed - 1] : NULL;
}

static uint64_t
half_cursor(const struct store_progress *p, const struct store_progress_half *h, unsigned feed)
{
	uint64_t cursor = h->cursor;

	return h->check == check_of(p, feed, cursor) ? cursor : 0;
}

uint64_t
store_progress_get(const struct store_progress *p, unsigned feed)
{
	const struct store_progress_slot *s = slot_of(p, feed);
	uint64_t a, b;

	if (!s)
		return 0;
	a = half_cursor(p, &s->half[0], feed);
	b = half_cursor(p, &s->half[1], feed);
	return a > b ? a : b;
}

void
store_progress_begin(struct store_progress *p, const unsigned char token[PROGRESS_TOKEN])
{
	if (!p->page)
		return;
	/* the word last: a page cut short belongs to nobody */
	memset(p->page, 0, sizeof(*p->page));
	memcpy(p->page->token, token, PROGRESS_TOKEN);
	atomic_signal_fence(memory_order_seq_cst);
	memcpy(p->page->word, page_word, sizeof(page_word));
	take_token(p);
}

void
store_progress_set(struct store_progress *p, unsigned feed, uint64_t cursor)
{
	struct store_progress_slot *s = slot_of(p, feed);
	struct store_progress_half *h;
	uint64_t a, b;

	if (!s)
		return;
	a = atomic_load_explicit(&s->half[0].cursor, memory_order_relaxed);
	b = atomic_load_explicit(&s->half[1].cursor, memory_order_relaxed);
	h = &s->half[a <= b ? 0 : 1];
	atomic_store_explicit(&h->cursor, cursor, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&h->check, check_of(p, feed, cursor), memory_order_relaxed);
}

/* Killed between the words it has none. */
void
store_progress_put(struct store_progress *p, unsigned slot, uint64_t value)
{
	struct store_progress_slot *s = slot_of(p, slot);

	if (!s)
		return;
	atomic_store_explicit(&s->half[0].cursor, value, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(
	    &s->half[0].check, value ? check_of(p, slot, value) : 0, memory_order_relaxed);
}

int
store_progress_sync(const struct store_progress *p)
{
	return p->page && msync(p->page, sizeof(*p->page), MS_SYNC) ? -errno : 0;
}
