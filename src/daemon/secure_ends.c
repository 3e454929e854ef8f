/* SPDX-License-Identifier: MIT */
/*
 * A file is known by its name; it may serve several feeds, and is told of once.  One
 * that no configuration names any more keeps its series, which then says "not a
 * number": an end in 1970 would alarm somebody.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/feed.h"
#include "daemon/secure.h"

enum { HOUR = 3600, DAY = 24 * HOUR };

enum kind { CERTIFICATE, CA, CRL };

/* How urgent it is. */
enum level { FAR, MONTH, FORTNIGHT, LAST_DAY, OVER };

struct secure_end {
	struct secure_end *next;
	char *file;
	enum kind kind;
	int64_t end;
	enum level told;
	bool in_force;
	struct metric *gauge;
};

/* Lists of revoked certificates live for days, certificates for months. */
static enum level
level_of(enum kind kind, int64_t left)
{
	if (left <= 0)
		return OVER;
	if (left <= DAY)
		return LAST_DAY;
	if (kind == CRL || left > 30 * DAY)
		return FAR;
	return left <= 14 * DAY ? FORTNIGHT : MONTH;
}

/* ---- when it is checked ------------------------------------------------------------------- */

static void
add_over(struct faults *faults, struct fault_place at, const char *file, int64_t end,
    const char *what, const char *mend)
{
	if (file && end && end <= (int64_t)time(NULL))
		faults_add(faults, at, mend, "warning: %s: %s", file, what);
}

static void
add_unfit(struct faults *faults, const struct conf_tls *c, bool listens)
{
	if (listens)
		faults_add(faults, c->at,
		    "have one made for TLS servers: keyUsage digitalSignature, extendedKeyUsage "
		    "serverAuth",
		    "warning: %s: the certificate is not for servers, and most senders refuse it",
		    c->certificate);
	else
		faults_add(faults, c->at,
		    "have one made for TLS clients: keyUsage digitalSignature, extendedKeyUsage "
		    "clientAuth",
		    "warning: %s: the certificate is not for clients, and most receivers refuse it",
		    c->certificate);
}

static void
add_doubts(struct faults *faults, const struct conf_tls *c, const struct net_tls *tls, bool listens)
{
	struct net_tls_ends ends;

	if (!c || !tls)
		return;
	ends = net_tls_ends(tls);
	add_over(faults, c->at, c->certificate, ends.certificate, "the certificate has expired",
	    "put a new one there");
	add_over(faults, c->at, c->ca, ends.ca, "the CA has expired", "put a new one there");
	add_over(faults, c->at, c->crl, ends.crl,
	    "the list is out of date, and nobody of that CA is let in", "fetch a new one");
	if (!net_tls_is_fit(tls))
		add_unfit(faults, c, listens);
}

void
secure_tell_doubts(const struct secure *s, const struct conf_feed *feed, const struct teller *t)
{
	struct faults faults;

	faults_init(&faults, t->conf_file);
	for (unsigned i = 0; i < s->count; i++)
		add_doubts(&faults, feed->listens[i].tls, s->listens[i], true);
	add_doubts(&faults, feed->forward.tls, s->forward, false);
	teller_tell(t, LOG_CONFIG_REJECTED, &faults);
}

/* ---- the files in force ------------------------------------------------------------------- */

static struct metric *
make_gauge(struct hl7noted *d, const char *file, enum kind kind)
{
	if (kind == CRL)
		return metrics_series(d->metrics, METRIC_GAUGE,
		    "hl7noted_tls_crl_next_update_timestamp_seconds",
		    "When a list of revoked certificates is out of date.", "file", file, NULL);
	return metrics_series(d->metrics, METRIC_GAUGE,
	    "hl7noted_tls_certificate_expiry_timestamp_seconds",
	    "When the first certificate of a file expires.", "file", file, "kind",
	    kind == CA ? "ca" : "own", NULL);
}

static struct secure_end *
find_end(struct hl7noted *d, const char *file, enum kind kind)
{
	struct secure_end *e = d->ends;

	while (e && (e->kind != kind || strcmp(e->file, file) != 0))
		e = e->next;
	if (e)
		return e;
	e = calloc(1, sizeof(*e));
	if (!e || !(e->file = strdup(file))) {
		free(e);
		return NULL;
	}
	e->kind = kind;
	e->gauge = make_gauge(d, file, kind);
	e->next = d->ends;
	d->ends = e;
	return e;
}

static void
note(struct hl7noted *d, const char *file, enum kind kind, int64_t end)
{
	struct secure_end *e = file && end ? find_end(d, file, kind) : NULL;

	if (!e)
		return;
	if (e->end != end)
		e->told = FAR;
	e->end = end;
	e->in_force = true;
	e->gauge->value = (double)end;
}

static void
note_all(struct hl7noted *d, const struct conf_tls *c, const struct net_tls *tls)
{
	struct net_tls_ends ends;

	if (!c || !tls)
		return;
	ends = net_tls_ends(tls);
	note(d, c->certificate, CERTIFICATE, ends.certificate);
	note(d, c->ca, CA, ends.ca);
	note(d, c->crl, CRL, ends.crl);
}

/* ---- telling ------------------------------------------------------------------------------ */

static void
tell(struct hl7noted *d, struct secure_end *e, int64_t left)
{
	static const char *const kinds[] = { "certificate", "ca", "crl" };
	enum level level = level_of(e->kind, left);

	if (level <= e->told)
		return;
	e->told = level;
	if (!log_begin_at(d->log, LOG_TLS_EXPIRING, level == OVER ? LOG_ERROR_ : LOG_WARNING_))
		return;
	log_str(d->log, LOG_FILE, e->file);
	log_str(d->log, LOG_STATUS, kinds[e->kind]);
	log_number(d->log, LOG_DAYS_LEFT, left > 0 ? (uint64_t)(left / DAY) : 0);
	log_end(d->log);
}

void
secure_look_at_ends(struct hl7noted *d)
{
	for (struct secure_end *e = d->ends; e; e = e->next)
		e->in_force = false;
	for (struct feed *f = d->feeds; f; f = f->next) {
		for (struct feed_listener *l = f->listeners; l; l = l->next)
			note_all(d, l->conf->tls, l->tls);
		note_all(d, f->conf->forward.tls, f->tls);
	}
	for (struct secure_end *e = d->ends; e; e = e->next) {
		if (e->in_force)
			tell(d, e, e->end - (int64_t)time(NULL));
		else
			e->gauge->value = (double)NAN;
	}
}

void
secure_forget_ends(struct hl7noted *d)
{
	while (d->ends) {
		struct secure_end *e = d->ends;

		d->ends = e->next;
		free(e->file);
		free(e);
	}
}
