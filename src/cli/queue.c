/* SPDX-License-Identifier: MIT */
/*
 * cli/queue.c - hl7note queue: what the daemon has in custody
 *
 * Which options go with which verb is known to the language of the control socket:
 * what is to be asked is written, read again, and asked only when that works.
 */
#include "cli/queue.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/nearest.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/say.h"
#include "control/json.h"

enum { PATIENCE_SECONDS = 3600, LIST_LIMIT = 1000 };

enum {
	AFTER = FLAG_LONG,
	AGAIN,
	ALL,
	ID,
	LIMIT,
	NEWER,
	OLDER,
	PAYLOAD,
	STATE,
};

static const struct flag flags[] = {
	{ "control", 'c', "SOCKET", "the daemon's control socket (/run/hl7noted/control)" },
	{ "feed", 'f', "NAME", "of this feed alone" },
	{ "state", STATE, "STATE", "waiting, aside, delivered, dropped or any" },
	{ "older-than", OLDER, "AGE", "received longer ago than 90s, 15min, 12h or 7d" },
	{ "newer-than", NEWER, "AGE", "received at most so long ago" },
	{ "id", ID, "ID", "with this control ID" },
	{ "after", AFTER, "SEQ", "list, export: behind this message" },
	{ "limit", LIMIT, "N", "list, export: at most so many (list: 1000)" },
	{ "payload", PAYLOAD, NULL, "show: the message itself, too" },
	{ "all", ALL, NULL, "retry, drop: all messages" },
	{ "again", AGAIN, NULL, "import: also what the queue had before" },
	{ "json", 'j', NULL, "JSON lines for machines" },
};
enum { FLAGS = sizeof(flags) / sizeof(flags[0]) };

struct job {
	const char *path;
	struct control_request request;
	bool json, again, all;
	bool headed;  /* the columns of a list have been named */
	bool refused; /* by the daemon, which is there */
	char **operands;
};

/* ---- what is asked ---- */

static const char *const verbs[] = { "list", "show", "retry", "drop", "export", "import",
	"backup" };
enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static int
parse_verb(const struct command *self, const char *word, enum control_verb *ret)
{
	char hint[128];

	for (unsigned i = 0; i < VERBS; i++) {
		if (strcmp(word, verbs[i]) == 0) {
			*ret = (enum control_verb)(CONTROL_LIST + i);
			return EX_OK;
		}
	}
	say_nearest("", nearest_word(span_str(word), verbs, VERBS), hint, sizeof(hint));
	return options_misused(self, "unknown verb %s%s", word, hint);
}

static int
parse_text(const struct command *self, const char *option, char *place, size_t size)
{
	size_t len = strlen(optarg);

	if (len >= size)
		return options_misused(
		    self, "%s takes at most %zu bytes, so not \"%s\"", option, size - 1, optarg);
	memcpy(place, optarg, len + 1);
	return EX_OK;
}

static int
parse_value(const struct command *self, int letter, struct control_request *r)
{
	switch (letter) {
	case AFTER:
		return arguments_count(self, "--after", optarg, 1, UINT64_MAX / 100, &r->after);
	case LIMIT:
		return arguments_count(self, "--limit", optarg, 1, 1000000000, &r->limit);
	case NEWER:
		return arguments_age(self, "--newer-than", optarg, &r->newer_than);
	case OLDER:
		return arguments_age(self, "--older-than", optarg, &r->older_than);
	case ID:
		return parse_text(self, "--id", r->id, sizeof(r->id));
	case 'f':
		return parse_text(self, "--feed", r->feed, sizeof(r->feed));
	default:
		if (control_state_read(span_str(optarg), &r->state))
			return EX_OK;
		return options_misused(self,
		    "--state %s: there are waiting, aside, delivered, dropped and any", optarg);
	}
}

static int
take_option(void *ctx, const struct command *self, int letter)
{
	struct job *j = ctx;

	switch (letter) {
	case 'c':
		j->path = optarg;
		return EX_OK;
	case 'j':
		j->json = true;
		return EX_OK;
	case PAYLOAD:
		j->request.payload = true;
		return EX_OK;
	case AGAIN:
		j->request.all = j->again = true;
		return EX_OK;
	case ALL:
		j->request.all = j->all = true;
		return EX_OK;
	default:
		return parse_value(self, letter, &j->request);
	}
}

static int
misplaced(const struct command *self, enum control_verb verb, const char *option)
{
	return options_misused(
	    self, "--%s does not go with %s", option, verbs[verb - CONTROL_LIST]);
}

static int
parse_backup(const struct command *self, struct control_request *r, char **operands, int count)
{
	const char *path = operands[0];

	if (count != 1)
		return options_misused(self, "backup wants one FILE, the path of a new one");
	if (path[0] != '/')
		return options_misused(
		    self, "%s: the daemon writes the backup, so its path begins with /", path);
	if (strlen(path) >= sizeof(r->path))
		return options_misused(self, "FILE is longer than %zu bytes", sizeof(r->path) - 1);
	memcpy(r->path, path, strlen(path) + 1);
	return EX_OK;
}

/* Operands are numbers of messages, but for import, which has files, and backup. */
static int
parse_operands(const struct command *self, struct job *j, int count)
{
	struct control_request *r = &j->request;

	/* one word for the daemon, but mixing them up must not drop all there is */
	if (r->verb == CONTROL_IMPORT ? j->all : j->again)
		return misplaced(self, r->verb, r->verb == CONTROL_IMPORT ? "all" : "again");
	if (r->verb == CONTROL_BACKUP)
		return parse_backup(self, r, j->operands, count);
	if (r->verb == CONTROL_SHOW && count == 0)
		return options_misused(self, "show wants SEQ, the number of a message");
	if (r->verb == CONTROL_LIST && !r->limit)
		r->limit = LIST_LIMIT;
	return EX_OK;
}

static int
parse(const struct command *self, int argc, char **argv, struct job *j)
{
	int status;

	*j = (struct job){ .path = ask_usual_socket };
	status = options_each(self, argc, argv, take_option, j);
	if (status != EX_OK)
		return status;
	if (optind == argc)
		return options_misused(
		    self, "which verb? list, show, retry, drop, export, import or backup");
	status = parse_verb(self, argv[optind++], &j->request.verb);
	j->operands = argv + optind;
	return status == EX_OK ? parse_operands(self, j, argc - optind) : status;
}

/* Its words are the beginnings of our options. */
static const char *
option_of(struct span word)
{
	for (size_t i = 0; i < FLAGS; i++)
		if (span_eq(span_head(span_str(flags[i].name), word.len), word))
			return flags[i].name;
	return "?";
}

static int
too_little(const struct command *self, enum control_verb verb)
{
	if (verb == CONTROL_IMPORT)
		return options_misused(self, "import into which feed? --feed NAME");
	return options_misused(self,
	    "%s which messages? SEQ, options that say which, or --all for all of them",
	    verbs[verb - CONTROL_LIST]);
}

/* Would the daemon understand it?  Values were looked at before; what may be wrong is a word that
 * does not go with the verb, or one that is missing at the end. */
static int
check(const struct command *self, const struct control_request *r)
{
	struct control_request again;
	struct buffer line;
	struct span request, word, rest;
	struct diag diag = { 0 };
	int status = EX_OK;

	buffer_init(&line, 0);
	control_request_write(r, &line);
	request = span_cut(buffer_span(&line), '\n', &rest);
	if (line.failed) {
		say_error("out of memory");
		status = EX_OSERR;
	} else if (control_request_read(request, &again, &diag) != 0) {
		word = span_cut(span_cut(span_tail(request, diag.offset), ' ', &rest), '=', &rest);
		status = word.len ? misplaced(self, r->verb, option_of(word))
				  : too_little(self, r->verb);
	}
	buffer_finish(&line);
	return status;
}

/* ---- answers ---- */

/* The daemon's last word; true when this line is it, and then the status. */
static bool
is_last(struct span line, int *ret_status)
{
	struct json_value v;

	*ret_status = EX_OK;
	if (json_find(line, "done", &v) && v.kind == JSON_TRUE)
		return true;
	if (!ask_is_refused(line))
		return false;
	*ret_status = EX_UNAVAILABLE;
	return true;
}

static unsigned long long
member(struct span line, const char *name)
{
	struct json_value v;
	uint64_t n = 0;

	(void)(json_find(line, name, &v) && json_count(&v, &n));
	return n;
}

static bool
is_true(struct span line, const char *name)
{
	struct json_value v;

	return json_find(line, name, &v) && v.kind == JSON_TRUE;
}

static void
print_end(struct output *o, const struct control_request *r, struct span line)
{
	unsigned long long count = member(line, "count");
	const char *s = count == 1 ? "" : "s";

	if (r->verb == CONTROL_LIST && is_true(line, "more"))
		output_printf(o, "more follow: --after %llu\n", member(line, "next"));
	else if (r->verb == CONTROL_LIST && !count)
		output_text(o, "no messages\n");
	else if (r->verb == CONTROL_RETRY && member(line, "resumed"))
		output_printf(o, "%llu message%s to be sent again, %llu line%s resumed\n", count, s,
		    member(line, "resumed"), member(line, "resumed") == 1 ? "" : "s");
	else if (r->verb == CONTROL_RETRY)
		output_printf(o, "%llu message%s to be sent again\n", count, s);
	else if (r->verb == CONTROL_DROP)
		output_printf(o, "%llu message%s dropped\n", count, s);
	else if (r->verb == CONTROL_IMPORT)
		output_printf(o, "%llu message%s queued, %llu there already\n", count, s,
		    member(line, "already"));
	else if (r->verb == CONTROL_BACKUP)
		output_printf(o, "backup written to %s\n", r->path);
	if (member(line, "unserved"))
		output_printf(o,
		    "not sent before their feeds take custody again (mode=\"store\"): %llu "
		    "waiting\n",
		    member(line, "unserved"));
}

/* An export is rows alone, so that it can be imported; all other JSON has the last line, too. */
static void
print_line(struct output *o, struct job *j, struct span line, bool last)
{
	enum control_verb verb = j->request.verb;

	if (verb == CONTROL_EXPORT ? !last : j->json) {
		output_write(o, line);
		output_text(o, "\n");
	} else if (last) {
		print_end(o, &j->request, line);
	} else if (verb == CONTROL_SHOW) {
		queue_print_message(o, line);
	} else {
		queue_print_row(o, line, !j->headed);
		j->headed = true;
	}
}

/* Was one message to be changed, and that one? */
static bool
is_named_change(const struct control_request *r)
{
	return r->seq && (r->verb == CONTROL_RETRY || r->verb == CONTROL_DROP);
}

/* Messages that no receiver could answer are left out of an import. */
static int
tell_unfit(const struct control_request *r, struct span line)
{
	unsigned long long unfit = member(line, "unfit");

	if (r->verb != CONTROL_IMPORT || !unfit)
		return EX_OK;
	say_error("%llu left out: no HL7 message with a control ID (MSH-10), or one that no frame "
		  "can hold",
	    unfit);
	return EX_DATAERR;
}

/* A service may have folders of its own, and they go with it. */
static void
tell_unseen(const struct control_request *r)
{
	if (r->verb == CONTROL_BACKUP && access(r->path, F_OK) < 0 && errno == ENOENT)
		say_note("there is no %s here: the daemon has a folder of its own in that place, "
			 "as a service has a /tmp, which is removed when it stops; name a folder "
			 "that is the same for both, such as that of its queue",
		    r->path);
}

static int
print_answer(struct ask *a, struct job *j, struct output *o)
{
	struct span line;
	unsigned long long changed = 1;
	bool last = false;
	int got = 0, status = EX_OK;

	while (!last && !o->error && (got = ask_line(a, &line)) > 0) {
		last = is_last(line, &status);
		j->refused = last && status != EX_OK;
		if (!last || status == EX_OK)
			print_line(o, j, line, last);
		if (last && status == EX_OK) {
			tell_unseen(&j->request);
			status = tell_unfit(&j->request, line);
		}
		if (last)
			changed = member(line, "count");
	}
	if (!last && !o->error)
		return ask_unavailable(a, got < 0 ? got : -ECONNRESET);
	return status == EX_OK && !changed && is_named_change(&j->request) ? EX_DIFFERENT : status;
}

static int
ask_once(struct job *j, struct output *o)
{
	struct ask a;
	int sent = EX_OK, status = ask_begin(&a, j->path, &j->request, PATIENCE_SECONDS);

	if (status == EX_OK && j->request.verb == CONTROL_IMPORT)
		sent = queue_send_files(&a, j->operands);
	if (status == EX_OK)
		status = print_answer(&a, j, o);
	ask_end(&a);
	return sent != EX_OK ? sent : status;
}

static bool
has_numbers(const struct job *j)
{
	return *j->operands && j->request.verb != CONTROL_IMPORT &&
	       j->request.verb != CONTROL_BACKUP;
}

static int
ask_each(const struct command *self, struct job *j, struct output *o)
{
	int status = EX_OK, first = EX_OK;

	/* one that is not there, or cannot be changed, says nothing of the others */
	for (; *j->operands && (status == EX_OK || status == EX_DIFFERENT || j->refused);
	     j->operands++) {
		j->refused = false;
		status = arguments_count(
		    self, "SEQ", *j->operands, 1, UINT64_MAX / 100, &j->request.seq);
		if (status == EX_OK)
			status = check(self, &j->request);
		if (status == EX_OK)
			status = ask_once(j, o);
		if (first == EX_OK)
			first = status;
	}
	return first;
}

static int
run(const struct command *self, int argc, char **argv)
{
	static struct output o;
	struct job j;
	int written, status = parse(self, argc, argv, &j);

	if (status != EX_OK)
		return status;
	output_init(&o, STDOUT_FILENO, "standard output");
	if (has_numbers(&j)) {
		status = ask_each(self, &j, &o);
	} else {
		status = check(self, &j.request);
		if (status == EX_OK)
			status = ask_once(&j, &o);
	}
	written = output_finish(&o);
	return written != EX_OK ? written : status;
}

const struct command command_queue = {
	.name = "queue",
	.synopsis = "VERB [OPTION...] [SEQ...|FILE...]",
	.summary = "look after the messages that the daemon has in custody",
	.about = "list    messages, oldest first\n"
		 "show    what is known of messages, and why they failed\n"
		 "retry   send again what was set aside; resume a line that stopped\n"
		 "drop    never send what waits or was set aside\n"
		 "export  messages with their bytes, as JSON lines\n"
		 "import  exported lines, or HL7 messages, into a feed\n"
		 "backup  a copy of the whole queue, written by the daemon\n"
		 "\n"
		 "Messages are chosen by their numbers, or by the options that say which.\n",
	.flags = flags,
	.flag_count = FLAGS,
	.run = run,
};
