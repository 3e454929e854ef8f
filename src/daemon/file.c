/* SPDX-License-Identifier: MIT */
/*
 * Read to the end rather than by size, so that pipes and growing files do.
 */
#include "daemon/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "xml/xml.h"

enum { PIECE = 64 << 10 };

static bool
fail(struct faults *faults, const char *mend, const char *what)
{
	faults_add(faults, (struct fault_place){ 0 }, mend, "%s", what);
	return false;
}

static bool
read_all(int fd, struct buffer *b)
{
	for (;;) {
		char *room = buffer_reserve(b, PIECE);
		ssize_t n = room ? read(fd, room, PIECE) : 0;

		if (!room || (n < 0 && errno != EINTR))
			return false;
		if (n == 0)
			return true;
		if (n > 0)
			buffer_filled(b, (size_t)n);
	}
}

bool
file_read(const char *path, struct span *ret, struct faults *faults)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buffer b;
	bool good;

	if (fd < 0)
		return fail(faults, "name a file that can be read", strerror(errno));
	buffer_init(&b, XML_MOST_BYTES + 2 * PIECE);
	errno = 0;
	good = read_all(fd, &b);
	close(fd);
	if (good) {
		*ret = span_of(b.data, b.end); /* nothing was consumed: start is 0 */
		return true;
	}
	buffer_finish(&b);
	return errno ? fail(faults, "name a file that can be read", strerror(errno))
		     : fail(faults, "split it into smaller files", "the file is too large");
}

void
file_tell_faults(struct faults *faults, struct log *log, FILE *out)
{
	char place[512], text[1024];

	faults_sort(faults);
	if (out)
		faults_print(faults, out);
	for (size_t i = 0; log && i < faults->count; i++) {
		const struct fault *f = &faults->list[i];

		if (!log_begin(log, LOG_CONFIG_REJECTED))
			return;
		snprintf(place, sizeof(place), "%s:%u:%u", faults->file, f->at.line, f->at.column);
		snprintf(text, sizeof(text), "%s%s%s", f->what, f->mend[0] ? "; " : "", f->mend);
		log_str(log, LOG_ERR_LOC, place);
		log_str(log, LOG_ERR_TEXT, text);
		log_end(log);
	}
}
