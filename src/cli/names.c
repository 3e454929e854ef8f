/* SPDX-License-Identifier: MIT */
/*
 * cli/names.c - a table of names, by segment and field
 */
#include "cli/names.h"

#include <stddef.h>

#include "hl7/message.h"

#define MSH HL7_ID('M', 'S', 'H')
#define PID HL7_ID('P', 'I', 'D')
#define ORC HL7_ID('O', 'R', 'C')
#define OBR HL7_ID('O', 'B', 'R')
#define OBX HL7_ID('O', 'B', 'X')
#define NTE HL7_ID('N', 'T', 'E')
#define SPM HL7_ID('S', 'P', 'M')
#define DG1 HL7_ID('D', 'G', '1')

enum { FIELDS = 34 };

/* clang-format off */
static const struct segment_names {
	uint32_t id;
	const char *fields[FIELDS];
} segments[] = {
	{ MSH, { [1] = "field separator", [2] = "encoding characters", [3] = "sending application",
		 [4] = "sending facility", [5] = "receiving application", [6] = "receiving facility",
		 [7] = "time of message", [9] = "message type", [10] = "control ID",
		 [11] = "processing ID", [12] = "version", [14] = "continuation pointer",
		 [15] = "accept ack wanted", [16] = "application ack wanted",
		 [18] = "character set", [21] = "profile" } },
	{ PID, { [1] = "set ID", [3] = "patient ID", [5] = "patient name", [7] = "born",
		 [8] = "sex", [11] = "address", [18] = "account", [30] = "died" } },
	{ ORC, { [1] = "order control", [2] = "placer's order number",
		 [3] = "filler's order number", [5] = "order status", [12] = "ordered by" } },
	{ OBR, { [1] = "set ID", [2] = "placer's order number", [3] = "filler's order number",
		 [4] = "ordered test", [7] = "collected", [13] = "clinical information",
		 [15] = "specimen", [16] = "ordered by", [22] = "reported", [25] = "status",
		 [31] = "reason" } },
	{ OBX, { [1] = "set ID", [2] = "value type", [3] = "observation", [4] = "sub-ID",
		 [5] = "value", [6] = "unit", [7] = "reference range", [8] = "flags",
		 [11] = "status", [14] = "observed", [15] = "producer", [17] = "method",
		 [18] = "equipment", [19] = "analysed", [23] = "performing laboratory",
		 [24] = "laboratory's address", [25] = "laboratory's director" } },
	{ NTE, { [1] = "set ID", [2] = "source", [3] = "comment", [4] = "type" } },
	{ SPM, { [1] = "set ID", [2] = "specimen ID", [4] = "specimen type", [17] = "collected",
		 [18] = "received", [21] = "rejected because" } },
	{ DG1, { [1] = "set ID", [3] = "diagnosis", [6] = "type" } },
};
/* clang-format on */

const char *
names_field(uint32_t id, unsigned field)
{
	for (size_t i = 0; field < FIELDS && i < sizeof(segments) / sizeof(segments[0]); i++)
		if (segments[i].id == id)
			return segments[i].fields[field] ? segments[i].fields[field] : "";
	return "";
}
