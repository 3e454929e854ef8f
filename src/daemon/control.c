/* SPDX-License-Identifier: MIT */
/*
 * The file's mode keeps others out already; clients are asked all the same, since
 * a folder or a mode may be changed by hand.
 */
#define _GNU_SOURCE /* struct ucred */
#include "daemon/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/request.h"
#include "daemon/observe.h"
#include "daemon/observe_custody.h"
#include "daemon/question.h"
#include "daemon/status.h"
#include "net/client.h"
#include "net/listener.h"

enum { MOST_CLIENTS = 8, MOST_GROUPS = 256 };
static const double patience = 5.; /* for the request */

struct control {
	struct hl7noted *daemon;
	struct net_listener *listener;
	struct net_clients clients;
	char *path;
	dev_t device; /* of the socket's name */
	ino_t inode;
};

/* ---- who asks ---- */

static bool
has_group(int fd, const struct ucred *who, gid_t group)
{
	gid_t groups[MOST_GROUPS];
	socklen_t size = sizeof(groups);

	if (who->gid == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (size_t i = 0; i < size / sizeof(groups[0]); i++) {
		if (groups[i] == group)
			return true;
	}
	return false;
}

static bool
may_ask(int fd, struct ucred *ret)
{
	socklen_t size = sizeof(*ret);

	*ret = (struct ucred){ .uid = (uid_t)-1, .gid = (gid_t)-1 };
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &size) < 0)
		return false;
	return ret->uid == 0 || ret->uid == geteuid() || has_group(fd, ret, getegid());
}

/* ---- what is asked ---- */

static void
answer(struct net_client *c, const struct control_request *r, uid_t uid)
{
	struct control *k = c->all->ctx;

	if (r->verb != CONTROL_STATUS) {
		if (k->daemon->queue)
			question_ask(k->daemon->queue, c, r, uid);
		else
			question_refuse(c, "no <store> is in force, so no queue is open");
		return;
	}
	if (r->text)
		status_write_text(k->daemon, &c->out);
	else
		status_write(k->daemon, &c->out);
	net_client_finish(c);
}

static void
asked(struct net_client *c)
{
	struct span all = buffer_span(&c->in), rest, line = span_cut(all, '\n', &rest);
	struct control_request r = { 0 };
	struct control *k = c->all->ctx;
	struct ucred who;
	struct diag diag;

	if (c->own) {
		question_more_input(c);
		return;
	}
	if (!rest.ptr) {
		if (c->ended || all.len >= CONTROL_LINE)
			question_refuse(c, "no request: one line is wanted");
		return;
	}
	if (!may_ask(c->readable.fd, &who)) {
		observe_admin_refused(k->daemon, who.uid);
		question_refuse(c, "only root and the daemon's user and group are answered");
		return;
	}
	if (control_request_read(line, &r, &diag) != 0) {
		question_refuse(c, diag.what);
		return;
	}
	net_client_used(c, line.len + 1);
	answer(c, &r, who.uid);
}

static void
crowded(struct net_clients *all, bool gave_way)
{
	const struct control *k = all->ctx;

	observe_crowded(k->daemon, "control", gave_way);
}

static const struct net_client_ops client_ops = {
	.asked = asked,
	.crowded = crowded,
	.wants_more = question_more_output,
	.gone = question_client_gone,
};

/* ---- life ---- */

/* A socket that nobody answers on is left over from a daemon that was killed; one with many who
 * wait is not. */
static bool
is_left_over(const struct sockaddr_un *a)
{
	struct stat st;
	/* connecting to a file that is no socket is refused, too */
	int fd = !lstat(a->sun_path, &st) && S_ISSOCK(st.st_mode)
		     ? socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
		     : -1;
	bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof(*a)) < 0 &&
		       errno == ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return refused;
}

static int
bind_path(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, error;

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(a.sun_path, path, strlen(path) + 1);
	if (is_left_over(&a))
		unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && chmod(path, 0660) == 0 &&
	    listen(fd, MOST_CLIENTS) == 0)
		return fd;
	error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return -1;
}

static bool
open_socket(struct control *k, const char *path)
{
	int fd = bind_path(path);
	struct stat st;

	if (fd < 0)
		return false;
	if (!lstat(path, &st)) {
		k->device = st.st_dev;
		k->inode = st.st_ino;
	}
	k->listener = net_listener_take(k->daemon->loop, &fd, 1, &net_clients_ops, &k->clients);
	if (!k->listener)
		close(fd);
	return k->listener != NULL;
}

struct control *
control_create(struct hl7noted *d, const char *path)
{
	struct control *k = calloc(1, sizeof(*k));
	int error;

	if (!k)
		return NULL;
	k->daemon = d;
	k->path = strdup(path);
	k->clients = (struct net_clients){ .loop = d->loop,
		.ops = &client_ops,
		.ctx = k,
		.most = MOST_CLIENTS,
		.most_request = CONTROL_LINE,
		.patience = patience,
		.renewed = true };
	if (k->path && open_socket(k, path))
		return k;
	error = errno;
	free(k->path);
	free(k);
	errno = error;
	return NULL;
}

bool
control_is_gone(const struct control *k)
{
	struct stat st;

	return lstat(k->path, &st) < 0 && errno == ENOENT;
}

void
control_destroy(struct control *k)
{
	struct stat st;

	if (!k)
		return;
	net_clients_drop(&k->clients);
	net_listener_destroy(k->listener);
	if (!lstat(k->path, &st) && st.st_dev == k->device && st.st_ino == k->inode)
		unlink(k->path); /* and not another's that has the name by now */
	free(k->path);
	free(k);
}
