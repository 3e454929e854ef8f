/* SPDX-License-Identifier: MIT */
/*
 * bench/streams.h - the messages that are measured
 *
 * Made up, all different, and shaped like the reports of a chemistry analyser:
 * MSH, PID, PV1, ORC, OBR and then OBX of about 100 bytes.
 */
#ifndef BENCH_STREAMS_H
#define BENCH_STREAMS_H

#include "base/buffer.h"

enum panel {
	PANEL_B2M,    /* one B2M among others, creatinine and albumin */
	PANEL_OTHERS, /* nothing that rules are for */
	PANEL_ALL_B2M,
};

/* Appends one report of so many results. */
void stream_panel(struct buffer *out, enum panel panel, unsigned results, unsigned seed);
/* Appends a report with B2M and a document of so many bytes in one ED value. */
void stream_document(struct buffer *out, size_t bytes);

#endif
