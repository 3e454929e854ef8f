/* SPDX-License-Identifier: MIT */
/*
 * custody/fate.h - what becomes of an attempt
 */
#ifndef CUSTODY_FATE_H
#define CUSTODY_FATE_H

#include "custody/line.h"

/* Nothing is sent or connected for a while, the longer the more failures came in a row; answers
 * the wait in ms. */
uint64_t custody_back_off(struct custody_line *l, uint64_t now_us);
/* The parcel has its answer; the code is absent when it was only written out, as promised. */
void custody_answered(
    struct custody_line *l, struct custody_parcel *p, struct span code, uint64_t now_us);
/* The connection was given up: what is out, but for this one, goes out again; not a batch of which
 * something was accepted: it had its answer, and would come again for ever. */
void custody_recall_flights(
    struct custody_line *l, const struct custody_parcel *but, uint64_t now_us);
/* What is out will have no answer. */
void custody_lose_flights(struct custody_line *l, enum relay_why why, uint64_t now_us);

#endif
