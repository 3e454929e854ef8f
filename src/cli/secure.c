/* SPDX-License-Identifier: MIT */
/*
 * One pin or one name is enough for a tool that has one peer.
 */
#include "cli/secure.h"

#include <stddef.h>
#include <sysexits.h>

#include "cli/command.h"
#include "cli/say.h"
#include "net/tls.h"

bool
secure_option(struct secure *s, int letter, const char *text)
{
	const char **const kept[] = {
		[SECURE_CA - SECURE_TLS] = &s->ca,
		[SECURE_CERT - SECURE_TLS] = &s->cert,
		[SECURE_KEY - SECURE_TLS] = &s->key,
		[SECURE_CRL - SECURE_TLS] = &s->crl,
		[SECURE_NAME - SECURE_TLS] = &s->name,
		[SECURE_PIN - SECURE_TLS] = &s->pin,
	};

	if (letter < SECURE_TLS || letter >= SECURE_OPTIONS)
		return false;
	s->asked = true;
	if (letter != SECURE_TLS)
		*kept[letter - SECURE_TLS] = text;
	return true;
}

static int
check(const struct secure *s, const struct command *c, bool accepts)
{
	unsigned char digest[NET_TLS_DIGEST];

	if (accepts && !s->cert)
		return options_misused(c, "TLS needs --tls-cert FILE here");
	if (!accepts && !s->ca)
		return options_misused(c, "TLS needs --tls-ca FILE here: whom to believe");
	if (accepts && !s->ca && (s->crl || s->name || s->pin))
		return options_misused(c, "who the sender is cannot be told without --tls-ca FILE");
	if (s->key && !s->cert)
		return options_misused(c, "--tls-key is of no use without --tls-cert");
	if (s->pin && !net_tls_pin_parse(s->pin, digest))
		return options_misused(
		    c, "--tls-pin: not sha256// and the SHA-256 of a public key in base64");
	return EX_OK;
}

int
secure_context(
    const struct secure *s, const struct command *c, const char *host, struct net_tls **ret)
{
	const struct net_tls_peer peers[] = { { .pin = s->pin }, { .name = s->name } };
	const bool pinned = s->pin != NULL, named = !host && s->name;
	const struct net_tls_settings settings = {
		.accepts = !host,
		.certificate = s->cert,
		.key = s->key,
		.ca = s->ca,
		.crl = s->crl,
		.anonymous = !s->ca,
		.name = s->name ? s->name : host,
		.peers = pinned ? peers : peers + 1,
		.peer_count = (unsigned)pinned + named,
	};
	struct net_tls_fault wrong;
	int status;

	*ret = NULL;
	if (!s->asked)
		return EX_OK;
	status = check(s, c, !host);
	if (status != EX_OK)
		return status;
	*ret = net_tls_create(&settings, &wrong);
	if (*ret)
		return EX_OK;
	say_error("%s%s%s", wrong.what, wrong.mend[0] ? "; " : "", wrong.mend);
	return EX_NOINPUT;
}
