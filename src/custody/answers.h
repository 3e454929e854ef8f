/* SPDX-License-Identifier: MIT */
/*
 * custody/answers.h - which parcels a message of the receiver's answers
 */
#ifndef CUSTODY_ANSWERS_H
#define CUSTODY_ANSWERS_H

#include "custody/line.h"

/* Parcels it answers meet their fates; what answers none is told as stray.  False when it refuses
 * to commit the one parcel that is out: the next answer to that would be to another attempt. */
bool custody_take_answer(struct custody_line *l, struct span body, uint64_t now_us);

/* More than one answer may come to what has this ID. */
void custody_expect_more(struct custody_line *l, uint64_t id_hash);

#endif
