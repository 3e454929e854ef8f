/* SPDX-License-Identifier: MIT */
/*
 * custody/survey.h - what must be known of a frame to queue and answer it
 */
#ifndef CUSTODY_SURVEY_H
#define CUSTODY_SURVEY_H

#include "custody/intake.h"
#include "relay/flights.h"

/* All spans point into the frame. */
struct custody_survey {
	bool readable; /* there is a message in it; otherwise the rest says nothing */
	enum custody_admission admission; /* the strictest of its pieces */
	struct span header;               /* MSH of its first message */
	struct span id;                   /* MSH-10 in it, as it stands */
	struct span application, facility;
	struct relay_asks asks;
	struct relay_summary summary;
};

/* May this piece of a frame be taken? */
typedef enum custody_admission custody_admit(
    void *ctx, const struct hl7_message *m, enum hl7_piece piece);

/* Reads with `m`, which is left at the last message; without `admit` all are admitted.  False when
 * memory ran out. */
bool custody_survey(struct hl7_message *m, struct span body, custody_admit *admit, void *ctx,
    struct custody_survey *ret);

#endif
