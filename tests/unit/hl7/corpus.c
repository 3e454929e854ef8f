/* SPDX-License-Identifier: MIT */
#include "corpus.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define ROW(literal)                            \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

/* clang-format off */
static const struct span pieces[] = {
	ROW("\r"), ROW("\r"), ROW("\r"), ROW("\r"), ROW("\n"), ROW("\n"), ROW("\r\n"), ROW("\r\n"),
	ROW("\rOBX|"), ROW("\nNTE|1|"), ROW("\r\nPID|1"), ROW("\rOBR"), ROW("\rPID |"), ROW("\r  PV1|"),
	ROW("MSH|^~\\&|A|B"), ROW("\rMSH|^~\\&|"), ROW("\nMSH^~|"), ROW("\rMSH$%&*|"), ROW("MSH"),
	ROW("MSH|"), ROW("MSH \t|"), ROW("MSHA|"), ROW("\xef\xbb\xbf"), ROW("\r\xef\xbb\xbfMSH|^"),
	ROW("\rBHS|^~\\&|"), ROW("\nFHS*"), ROW("\rBTS|1"), ROW("\rBTS^2^"), ROW("\rFTS"), ROW("\nBTS"),
	ROW("\rBTS$x"), ROW("\rFTS "), ROW("BHS"), ROW("\rThe text"), ROW("\rTHE"), ROW("\r1AB|"),
	ROW("\rAB1|"), ROW("\rA1B|"), ROW("\rZ99^"), ROW("|"), ROW("|"), ROW("||"), ROW("^"), ROW("~"),
	ROW("&"), ROW("\\"), ROW(" "), ROW("\t"), ROW("\"\""), ROW("5"), ROW("x"), ROW("\0"),
	ROW("\xc2\xb5g"), ROW("MSA|"), ROW("FT1|"), ROW("BPX|"),
	ROW("0123456789012345678901234567890123456789012345678901234567890123456789"),
};
/* clang-format on */

uint32_t
corpus_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

struct span
corpus_odd(uint32_t *state, unsigned most, char *buf, size_t size)
{
	unsigned count = corpus_random(state) % (most + 1);
	size_t len = 0;

	/* two of three begin as messages do */
	if (corpus_random(state) % 3 && size >= 9) {
		memcpy(buf, "MSH|^~\\&|", 9);
		len = 9;
	}
	for (unsigned i = 0; i < count; i++) {
		struct span piece =
		    pieces[corpus_random(state) % (sizeof(pieces) / sizeof(*pieces))];

		if (piece.len > size - len)
			break;
		memcpy(buf + len, piece.ptr, piece.len);
		len += piece.len;
	}
	return span_of(buf, len);
}

static void
visit_file(const char *path, size_t size, void (*visit)(const char *name, struct span bytes))
{
	/* exactly as long as the file, so that reading beyond it is seen */
	char *bytes = malloc(size ? size : 1);
	FILE *file = fopen(path, "rb");

	if (bytes && file && fread(bytes, 1, size, file) == size)
		visit(path, span_of(bytes, size));
	if (file)
		fclose(file);
	free(bytes);
}

static void
visit_folder(const char *folder, void (*visit)(const char *name, struct span bytes))
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		char path[4096];
		struct stat st;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (stat(path, &st))
			continue;
		if (S_ISDIR(st.st_mode))
			visit_folder(path, visit);
		else if (S_ISREG(st.st_mode))
			visit_file(path, (size_t)st.st_size, visit);
	}
	closedir(dir);
}

void
corpus_each(void (*visit)(const char *name, struct span bytes))
{
	const char *folder = getenv("HL7_CORPUS");

	if (folder)
		visit_folder(folder, visit);
}
