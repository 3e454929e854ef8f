/* SPDX-License-Identifier: MIT */
/*
 * Of what cannot be opened, or not yet: sentences that say how to mend it, for whoever starts us
 * and for the log.
 */
#define _GNU_SOURCE /* EAI_NODATA, strerrorname_np() */
#include "daemon/observe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PLACE_SIZE = 300, SENTENCE_SIZE = 500 }; /* as the log has them at most */

/* What to do about an address that cannot be listened on. */
static const char *
mend_listener(const struct hl7noted *d, int error)
{
	switch (error) {
	case EAI_AGAIN:
		return "mend the name server or the way to it, enter the name in /etc/hosts, or "
		       "write its address";
	case EAI_NONAME:
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
	case EAI_FAIL:
		return "enter the name in /etc/hosts or at the name server, or write an address "
		       "of this machine";
	case EACCES:
		return "a port below 1024 takes CAP_NET_BIND_SERVICE, or a socket unit";
	case EADDRINUSE:
		if (d->conf) /* perhaps by ourselves */
			return "name a free port, or restart if another address of ours has this "
			       "one";
		break;
	}
	return "name an address of this machine and a free port";
}

/* What is wrong with a listener, and how to mend it. */
static void
write_not_listening(char text[SENTENCE_SIZE], const struct hl7noted *d, const char *listener,
    const char *step, int error)
{
	if (strcmp(step, "socket_not_handed_over") == 0)
		snprintf(text, SENTENCE_SIZE,
		    "no socket \"%s\" was handed over; start hl7noted.socket, or listen on a port",
		    listener);
	else if (strcmp(step, "socket_not_listening") == 0)
		snprintf(text, SENTENCE_SIZE,
		    "the socket \"%s\" takes no connections; its unit needs ListenStream, and "
		    "Accept=no",
		    listener);
	else
		snprintf(text, SENTENCE_SIZE, "cannot listen on %s: %s; %s", listener,
		    net_look_up_text(error), mend_listener(d, error));
}

/* Where the file says it; empty for what options say. */
static void
write_place(char text[PLACE_SIZE], const struct hl7noted *d, struct fault_place at)
{
	text[0] = '\0';
	if (d->conf_file && at.line)
		snprintf(text, PLACE_SIZE, "%s:%u:%u", d->conf_file, at.line, at.column);
}

void
observe_not_listening(struct feed *f, const struct conf_listen *conf, const char *step, int error)
{
	const struct hl7noted *d = f->daemon;
	struct log *log = d->log;
	const struct conf_endpoint at = { conf->address, conf->port };
	char text[CONF_ENDPOINT_TEXT], place[PLACE_SIZE], sentence[SENTENCE_SIZE];
	const char *listener = conf->socket ? conf->socket : conf_endpoint_text(at, text);

	write_not_listening(sentence, d, listener, step, error);
	write_place(place, d, conf->at);
	if (d->tell)
		fprintf(d->tell, "hl7noted: %s%sfeed %s: %s\n", place, place[0] ? ": " : "",
		    f->name, sentence);
	if (!log_begin(log, LOG_CONFIG_REJECTED))
		return;
	log_str(log, LOG_FEED, f->name);
	log_str(log, LOG_LISTENER, listener);
	log_str(log, LOG_OUTCOME, step);
	log_str(log, LOG_ERR_CODE, error ? net_look_up_word(error) : NULL);
	log_str(log, LOG_ERR_LOC, place[0] ? place : NULL);
	log_str(log, LOG_ERR_TEXT, sentence);
	log_end(log);
}

void
observe_no_metrics(struct hl7noted *d, const struct conf *conf, const char *step, int error)
{
	const struct conf_endpoint at = { conf->metrics_address, conf->metrics_port };
	char text[CONF_ENDPOINT_TEXT], place[PLACE_SIZE], sentence[SENTENCE_SIZE];
	const char *address = conf_endpoint_text(at, text);

	snprintf(sentence, sizeof(sentence), "cannot answer metrics on %s: %s; %s", address,
	    net_look_up_text(error), mend_listener(d, error));
	write_place(place, d, conf->metrics_at);
	if (d->tell)
		fprintf(d->tell, "hl7noted: %s%s%s\n", place, place[0] ? ": " : "", sentence);
	if (!log_begin(d->log, LOG_CONFIG_REJECTED))
		return;
	log_str(d->log, LOG_LISTENER, "metrics");
	log_str(d->log, LOG_PEER, address);
	log_str(d->log, LOG_OUTCOME, step);
	log_str(d->log, LOG_ERR_CODE, net_look_up_word(error));
	log_str(d->log, LOG_ERR_LOC, place[0] ? place : NULL);
	log_str(d->log, LOG_ERR_TEXT, sentence);
	log_end(d->log);
}

/* `what` of the configuration needs a file, and cannot have it. */
static void
tell_no_file(struct hl7noted *d, const char *what, const char *listener, const char *file,
    struct fault_place at, int error, const char *sentence)
{
	char place[PLACE_SIZE];

	write_place(place, d, at);
	if (d->tell)
		fprintf(d->tell, "hl7noted: %s%s%s\n", place, place[0] ? ": " : "", sentence);
	if (!d->log || !log_begin(d->log, LOG_CONFIG_REJECTED))
		return;
	log_str(d->log, LOG_LISTENER, listener);
	log_str(d->log, LOG_OUTCOME, what);
	log_str(d->log, LOG_ERR_CODE, strerrorname_np(error));
	log_str(d->log, LOG_ERR_LOC, place[0] ? place : file);
	log_str(d->log, LOG_ERR_TEXT, sentence);
	log_end(d->log);
}

void
observe_no_log(struct hl7noted *d, const struct conf *conf, int error)
{
	const char *file = conf->log_file;
	char sentence[SENTENCE_SIZE];

	snprintf(sentence, sizeof(sentence), "cannot open the log%s%s: %s; %s", file ? " " : "",
	    file ? file : "", strerror(error),
	    error == EBUSY ? "lines still go to the old place: reload once they are written"
	    : file         ? "name a file that can be written"
			   : "choose another place for it");
	tell_no_file(d, "log", NULL, file, conf->log_at, error, sentence);
}

void
observe_no_control(struct hl7noted *d, const struct conf *conf, int error)
{
	char sentence[SENTENCE_SIZE];

	snprintf(sentence, sizeof(sentence),
	    "cannot make the control socket %s: %s; name a new file in a folder that can be "
	    "written",
	    conf->control_socket, strerror(error));
	tell_no_file(
	    d, "control", "control", conf->control_socket, conf->control_at, error, sentence);
}

void
observe_names_awaited(struct hl7noted *d, const char *name, unsigned count)
{
	if (d->tell)
		fprintf(d->tell,
		    "hl7noted: waiting for the address of %s, to listen on; the name server has "
		    "not answered yet\n",
		    name);
	if (!log_begin(d->log, LOG_CONFIG_WAITING))
		return;
	log_str(d->log, LOG_PEER, name);
	log_number(d->log, LOG_COUNT_, count);
	log_end(d->log);
}
