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

/* What a configuration asks for and cannot have.  NULL is left out. */
struct refusal {
	struct fault_place at;
	const char *file; /* to be named where the configuration has no place */
	const char *feed, *listener, *peer, *outcome, *code;
	const char *sentence;
};

static void
tell(struct hl7noted *d, const struct refusal *r)
{
	const char *feed = r->feed;
	char place[PLACE_SIZE] = "";

	if (d->conf_file && r->at.line) /* options have none */
		snprintf(place, sizeof(place), "%s:%u:%u", d->conf_file, r->at.line, r->at.column);
	if (d->tell)
		fprintf(d->tell, "hl7noted: %s%s%s%s%s%s\n", place, place[0] ? ": " : "",
		    feed ? "feed " : "", feed ? feed : "", feed ? ": " : "", r->sentence);
	if (!d->log || !log_begin(d->log, LOG_CONFIG_REJECTED))
		return;
	log_str(d->log, LOG_FEED, feed);
	log_str(d->log, LOG_LISTENER, r->listener);
	log_str(d->log, LOG_PEER, r->peer);
	log_str(d->log, LOG_OUTCOME, r->outcome);
	log_str(d->log, LOG_ERR_CODE, r->code);
	log_str(d->log, LOG_ERR_LOC, place[0] ? place : r->file);
	log_str(d->log, LOG_ERR_TEXT, r->sentence);
	log_end(d->log);
}

void
observe_not_listening(struct feed *f, const struct conf_listen *conf, const char *step, int error)
{
	const struct conf_endpoint at = { conf->address, conf->port };
	char text[CONF_ENDPOINT_TEXT], sentence[SENTENCE_SIZE];
	const char *listener = conf->socket ? conf->socket : conf_endpoint_text(at, text);

	write_not_listening(sentence, f->daemon, listener, step, error);
	tell(f->daemon, &(struct refusal){ .at = conf->at,
			    .feed = f->name,
			    .listener = listener,
			    .outcome = step,
			    .code = error ? net_look_up_word(error) : NULL,
			    .sentence = sentence });
}

void
observe_no_metrics(struct hl7noted *d, const struct conf *conf, const char *step, int error)
{
	const struct conf_endpoint at = { conf->metrics_address, conf->metrics_port };
	char text[CONF_ENDPOINT_TEXT], sentence[SENTENCE_SIZE];
	const char *address = conf_endpoint_text(at, text);

	snprintf(sentence, sizeof(sentence), "cannot answer metrics on %s: %s; %s", address,
	    net_look_up_text(error), mend_listener(d, error));
	tell(d, &(struct refusal){ .at = conf->metrics_at,
		    .listener = "metrics",
		    .peer = address,
		    .outcome = step,
		    .code = net_look_up_word(error),
		    .sentence = sentence });
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
	tell(d, &(struct refusal){ .at = conf->log_at,
		    .file = file,
		    .outcome = "log",
		    .code = strerrorname_np(error),
		    .sentence = sentence });
}

void
observe_no_control(struct hl7noted *d, const struct conf *conf, int error)
{
	char sentence[SENTENCE_SIZE];

	snprintf(sentence, sizeof(sentence),
	    "cannot make the control socket %s: %s; name a new file in a folder that can be "
	    "written",
	    conf->control_socket, strerror(error));
	tell(d, &(struct refusal){ .at = conf->control_at,
		    .file = conf->control_socket,
		    .listener = "control",
		    .outcome = "control",
		    .code = strerrorname_np(error),
		    .sentence = sentence });
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
