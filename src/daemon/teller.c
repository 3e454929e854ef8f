/* SPDX-License-Identifier: MIT */
#include "daemon/teller.h"

enum { LOGGED_MOST = 20 };

struct teller
teller_of(const char *conf_file, struct log *log, FILE *out)
{
	return (struct teller){ conf_file ? conf_file : "command line", log, out };
}

static void
log_fault(
    struct log *log, enum log_event event, const struct faults *faults, const struct fault *fault)
{
	char place[512], text[1024];
	int used;

	if (!log_begin(log, event))
		return;
	used = snprintf(place, sizeof(place), "%s", faults->file);
	if (fault->at.line && (size_t)used < sizeof(place))
		snprintf(place + used, sizeof(place) - (size_t)used, ":%u:%u", fault->at.line,
		    fault->at.column);
	snprintf(
	    text, sizeof(text), "%s%s%s", fault->what, fault->mend[0] ? "; " : "", fault->mend);
	log_str(log, LOG_ERR_LOC, place);
	log_str(log, LOG_ERR_TEXT, text);
	log_end(log);
}

bool
teller_tell(const struct teller *t, enum log_event event, struct faults *faults)
{
	static char words[] = "out of memory", none[] = "";
	const struct fault no_memory = { .what = words, .mend = none };
	const bool good = !faults->total;

	faults_sort(faults);
	if (t->out)
		faults_print(faults, t->out);
	if (t->log && faults->no_memory)
		log_fault(t->log, event, faults, &no_memory);
	for (size_t i = 0; t->log && i < faults->count && i < LOGGED_MOST; i++)
		log_fault(t->log, event, faults, &faults->list[i]);
	faults_finish(faults);
	return good;
}

void
teller_tell_no_memory(const struct teller *t, enum log_event event, const char *file)
{
	struct faults faults;

	faults_init(&faults, file);
	faults_add_no_memory(&faults);
	teller_tell(t, event, &faults);
}
