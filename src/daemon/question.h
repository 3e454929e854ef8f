/* SPDX-License-Identifier: MIT */
/*
 * daemon/question.h - what operators ask of the queue
 *
 * A question is what stands between a client of the control socket and the store: it
 * asks for rows a page at a time, when the client has taken those before, and tells
 * the log what was changed or shown, also when the client has left meanwhile.
 */
#ifndef DAEMON_QUESTION_H
#define DAEMON_QUESTION_H

#include <sys/types.h>

#include "control/request.h"
#include "daemon/queue.h"
#include "net/client.h"

struct questions;

/* NULL when there is no memory. */
struct questions *questions_create(void);
/* No more will be answered: the log says so. */
void questions_leave(struct questions *all);
void questions_destroy(struct questions *all);

/* Answer the client, whose request line is taken from c->in. */
void question_ask(
    struct queue *q, struct net_client *c, const struct control_request *r, uid_t uid);
/* As net_client_ops, for clients that have asked. */
void question_more_input(struct net_client *c);
void question_more_output(struct net_client *c);
void question_client_gone(struct net_client *c);

/* What the store tells. */
bool question_is_token(uint64_t token);
void question_answered(struct queue *q, uint64_t token, const struct store_answer *a);
void question_appended(struct queue *q, uint64_t token, enum store_verdict verdict, uint64_t seq);

/* One JSON line that says why not, and the end. */
void question_refuse(struct net_client *c, const char *sentence);

#endif
