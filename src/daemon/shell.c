/* SPDX-License-Identifier: MIT */
/*
 * Nothing here may stop a start: a kernel or a container that knows less leaves the
 * daemon less guarded, and the log says so.
 */
#include "daemon/shell.h"

#include <arpa/inet.h>
#include <linux/capability.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/filter.h"

enum { RESERVED_PORTS = 1024, WORDS = _LINUX_CAPABILITY_U32S_3 };

/* Sanitizers look into the process from outside and make calls of their own. */
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

/* ---- privileges ---- */

static bool
is_reserved(const char *port)
{
	const struct servent *service;
	long n;

	if (!port)
		return false;
	n = strtol(port, NULL, 10);
	if (n == 0 && (service = getservbyname(port, "tcp")))
		n = ntohs((uint16_t)service->s_port);
	return n > 0 && n < RESERVED_PORTS;
}

static bool
needs_reserved_port(const struct conf *conf)
{
	bool needs = is_reserved(conf->metrics_port);

	for (unsigned i = 0; i < conf->feed_count; i++)
		for (unsigned k = 0; k < conf->feeds[i].listen_count; k++)
			needs |= is_reserved(conf->feeds[i].listens[k].port);
	return needs;
}

/* What may ever be had again first, and then what is had. */
static void
keep_capabilities(uint64_t kept)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct had[WORDS], wanted[WORDS] = { 0 };

	for (int c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++)
		if (!(kept >> c & 1))
			(void)prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &header, had) < 0)
		return;
	for (unsigned i = 0; i < WORDS; i++)
		wanted[i].permitted = wanted[i].effective = had[i].permitted &
							    (uint32_t)(kept >> 32 * i);
	(void)syscall(SYS_capset, &header, wanted);
}

void
shell_privileges(const struct conf *conf, bool debuggable)
{
	const struct rlimit none = { 0, 0 };
	uint64_t kept = needs_reserved_port(conf) ? UINT64_C(1) << CAP_NET_BIND_SERVICE : 0;

	umask(S_IRWXG | S_IRWXO);
	keep_capabilities(kept);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (debuggable || is_sanitized)
		return;
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* ---- system calls ---- */

static void
tell(struct log *log, const char *word)
{
	if (!log_begin(log, LOG_SVC_EXPOSED))
		return;
	log_str(log, LOG_OUTCOME, word);
	log_end(log);
}

void
shell_calls(bool debuggable, struct log *log)
{
	const char *without = debuggable     ? "debuggable"
			      : is_sanitized ? "sanitized"
					     : filter_install();

	if (geteuid() == 0)
		tell(log, "root");
	if (without)
		tell(log, without);
}
