/* SPDX-License-Identifier: MIT */
/*
 * Flags put over a configuration: those of logging and doors over any, those of a
 * feed over the one feed that comes from flags.
 */
#include <stdlib.h>

#include "daemon/options.h"

static bool
choose(const char *flag, const char *word, const char *const *words, unsigned count,
    struct faults *faults, unsigned *ret)
{
	if (!word)
		return true;
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(word, words[i]) == 0) {
			*ret = i;
			return true;
		}
	}
	faults_add(faults, (struct fault_place){ 0 }, "see hl7noted --help",
	    "--%s does not know \"%s\"", flag, word);
	return false;
}

static bool
bad_value(struct faults *faults, const char *flag, const char *value, const char *mend)
{
	faults_add(faults, (struct fault_place){ 0 }, mend, "--%s cannot be \"%s\"", flag, value);
	return false;
}

static bool
apply_log(const struct options *o, struct conf *conf, struct faults *faults)
{
	static const char *const formats[] = { "json", "logfmt", "journal" };
	static const char *const levels[] = { "error", "warning", "info", "debug" };
	unsigned format = conf->log_format, level = conf->log_level;
	bool good = choose("log-format", o->log_format, formats, 3, faults, &format) &
		    choose("log-level", o->log_level, levels, 4, faults, &level);

	conf->log_format = (enum conf_log_format)format;
	conf->log_level = (enum conf_log_level)level;
	if (o->log_file)
		conf->log_file = o->log_file;
	return good;
}

static bool
apply_doors(const struct options *o, struct conf *conf, struct faults *faults)
{
	struct span host, port;

	if (o->control)
		conf->control_socket = o->control;
	if (!o->metrics)
		return true;
	if (!conf_host_port(span_str(o->metrics), &host, &port))
		return bad_value(faults, "metrics", o->metrics, "write PORT or ADDRESS:PORT");
	conf->metrics_address = host.len ? arena_copy(&conf->arena, host).ptr : "127.0.0.1";
	conf->metrics_port = arena_copy(&conf->arena, port).ptr;
	return conf->metrics_address && conf->metrics_port;
}

/* The one feed of a configuration from flags, before anybody has seen it. */
static bool
apply_feed(const struct options *o, struct conf *conf, struct faults *faults)
{
	static const char *const failures[] = { "close", "reject" };
	static const char *const modes[] = { "live", "shadow", "off" };
	struct conf_feed *feed = (struct conf_feed *)(uintptr_t)&conf->feeds[0];
	unsigned failure = feed->on_failure, mode = feed->annotate;
	bool good = choose("on-failure", o->on_failure, failures, 2, faults, &failure) &
		    choose("annotate", o->annotate, modes, 3, faults, &mode);
	long in_flight = o->in_flight ? strtol(o->in_flight, NULL, 10) : feed->forward.in_flight;

	feed->on_failure = (enum conf_on_failure)failure;
	feed->annotate = (enum conf_annotate)mode;
	if (in_flight < 1 || in_flight > 256)
		good = bad_value(faults, "in-flight", o->in_flight, "write a number from 1 to 256");
	else
		feed->forward.in_flight = (unsigned)in_flight;
	if (o->ack_timeout && !conf_duration(span_str(o->ack_timeout), &feed->forward.ack_timeout))
		good = bad_value(faults, "ack-timeout", o->ack_timeout, "write a time such as 30s");
	return good;
}

bool
options_apply(const struct options *o, struct conf *conf, struct faults *faults)
{
	bool good = apply_log(o, conf, faults) & apply_doors(o, conf, faults);

	if (o->config && (o->on_failure || o->annotate || o->in_flight || o->ack_timeout)) {
		faults_add(faults, (struct fault_place){ 0 }, "write it into the file",
		    "--on-failure, --annotate, --in-flight and --ack-timeout do not go with "
		    "--config");
		return false;
	}
	return o->config ? good : good & apply_feed(o, conf, faults);
}
