/* SPDX-License-Identifier: MIT */
/*
 * hl7/ack.h - the acknowledgements we give ourselves
 *
 * Built from the request's MSH alone: its delimiters, its sender and receiver
 * swapped as whole fields, its own processing ID and version; MSH-10 repeated
 * byte for byte in MSA-2.  ERR has the form of the request's version: one field
 * with a CM up to 2.4, ERR-2 to ERR-8 from 2.5.
 */
#ifndef HL7_ACK_H
#define HL7_ACK_H

#include "base/buffer.h"
#include "base/diag.h"
#include "hl7/message.h"

enum hl7_ack_code { HL7_ACK_ACCEPT, HL7_ACK_ERROR, HL7_ACK_REJECT };

struct hl7_ack {
	enum hl7_ack_code code;
	bool commit;       /* CA, CE, CR instead of AA, AE, AR */
	const char *time;  /* MSH-7 */
	const char *id;    /* MSH-10, new */
	unsigned error;    /* HL70357; 0: no ERR segment */
	const char *text;  /* for people; ASCII; NULL: none */
	struct diag where; /* its `at`: place of the error */
};

/* MSA-1: "AA", "CE" ... */
struct span hl7_ack_word(const struct hl7_ack *ack);
/* Enhanced mode asks for commit codes: MSH-15 valued. */
bool hl7_ack_is_enhanced(const struct hl7_message *request);
/* Append the acknowledgement, CR behind each segment.  A request whose MSH cannot be read is
 * answered with the usual delimiters.  When memory ran out, out->failed says so. */
void hl7_ack_write(
    const struct hl7_message *request, const struct hl7_ack *ack, struct buffer *out);

#endif
