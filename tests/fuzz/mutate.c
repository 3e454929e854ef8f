/* SPDX-License-Identifier: MIT */
/*
 * Changes that keep a message one: libFuzzer alone breaks the header long before it
 * finds two results that belong together.  Segments and fields are moved, doubled and
 * exchanged, and fields get values that mean something; now and then it is let loose.
 */
#include <string.h>

#include "fuzz/target.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
    uint8_t *out, size_t most, unsigned seed);

enum { SEGMENTS = 256, FIELDS = 64 };

struct part {
	size_t at, len;
};

/* ---- chance ---- */

static uint32_t
die(unsigned *seed, size_t sides)
{
	*seed = *seed * 1103515245u + 12345u;
	return sides ? (*seed >> 12) % (uint32_t)sides : 0;
}

static const char *const values[] = { "", "\"\"", "0", "1", "2.5", "0.5", ">20", "<0.5", ">=3",
	"1-2", "-1", "1e3", "2,5", "0000000000000000000000000000000001.0", "99999999999999999999",
	"F", "P", "C", "X", "W", "H", "HH", "L", "N", "A", "NM", "SN", "TX", "CE", "ST", "CWE",
	"NR", "mg/L", "mg/dL", "ug/mL", "nmol/L", "g/L", "mmol/L", "1", "mg/l{x}", "20260101",
	"2026", "20260102030405.1234+0100", "20260102030405-0500", "1952-1^Beta-2-Microglobulin^LN",
	"1952-1", "48346-3^B2M^LN", "2823-3^K^LN", "^^^B2M", "x^y^L^1952-1^z^LN", "<^0.5", ">^20",
	"^10^-^20", "=^5", "\\T\\", "\\X0D\\", "\\.br\\", "\\H\\x\\N\\", "\\", "~", "~~~~", "&&&",
	"ORU^R01", "ORU^R01^ORU_R01", "ACK", "2.3", "2.5.1", "2.8", "AL", "NE", "ER", "SU",
	"UNICODE", "UNICODE UTF-8", "8859/1", "Auto-comment b2m 1.0.0: S03 S22; flag H", "AA", "AE",
	"AR" };

static const char *const segments[] = { "NTE|1|L|Auto-comment b2m 1.0.0: S03", "NTE|1||x",
	"OBX|1|NM|1952-1^B2M^LN||2.5|mg/L|0.8-2.2||||F", "OBX|2|SN|1952-1||<^0.5|mg/L|||||F",
	"OBX|3|NM|2160-0^Creatinine^LN||1.4|mg/dL|||||F", "OBR|1|||PANEL|||20260101", "OBR",
	"SPM|1|||UR^Urine", "SPM|1|||SER", "PID|1||4711", "PV1|1", "ORC|RE", "ZZZ|x", "MSA|AA|1",
	"BHS|^~\\&", "BTS|1", "FHS|^~\\&", "FTS|1",
	"MSH|^~\\&|LAB|MAIN|||20260101||ORU^R01|2|P|2.5", " OBX|1", "continued", "", "\n",
	"OBX|1|NM|1952-1||25|mg/L\rOBX|2|NM|1952-1||25|mg/L" };

/* ---- parts ---- */

static size_t
split(const uint8_t *data, size_t from, size_t size, uint8_t by, struct part *parts, size_t most)
{
	size_t count = 0, at = from;

	for (size_t i = from; i < size && count < most; i++) {
		if (data[i] != by && i + 1 < size)
			continue;
		parts[count++] = (struct part){ at, i + 1 - at };
		at = i + 1;
	}
	return count;
}

/* Put `text` in the place of a part; the new size, or the old one where there is no room. */
static size_t
replace(uint8_t *data, size_t size, size_t most, struct part p, const void *text, size_t len)
{
	if (size - p.len + len > most)
		return size;
	memmove(data + p.at + len, data + p.at + p.len, size - p.at - p.len);
	memcpy(data + p.at, text, len);
	return size - p.len + len;
}

static size_t
insert_copy(uint8_t *data, size_t size, size_t most, struct part p, size_t at)
{
	uint8_t *copy = malloc(p.len + 1);

	if (!copy)
		return size;
	memcpy(copy, data + p.at, p.len);
	size = replace(data, size, most, (struct part){ at, 0 }, copy, p.len);
	free(copy);
	return size;
}

/* ---- changes ---- */

static uint8_t
terminator(const uint8_t *data, size_t size)
{
	return memchr(data, '\r', size) ? '\r' : '\n';
}

static size_t
change_field(uint8_t *data, size_t size, size_t most, struct part segment, unsigned *seed)
{
	struct part fields[FIELDS];
	size_t count = split(data, segment.at, segment.at + segment.len, '|', fields, FIELDS);
	const char *value = values[die(seed, sizeof(values) / sizeof(values[0]))];
	struct part f;

	if (!count)
		return size;
	f = fields[die(seed, count)];
	f.len -= f.len > 0; /* its separator stays */
	switch (die(seed, 6)) {
	case 0:
		return insert_copy(data, size, most, f, fields[die(seed, count)].at);
	case 1:
		return replace(data, size, most, f, "", 0);
	case 2: /* one more repetition, component or subcomponent */
		size = replace(data, size, most, (struct part){ f.at, 0 }, &"~^&"[die(seed, 3)], 1);
		return replace(data, size, most, (struct part){ f.at, 0 }, value, strlen(value));
	default:
		return replace(data, size, most, f, value, strlen(value));
	}
}

static size_t
change_segments(uint8_t *data, size_t size, size_t most, unsigned *seed)
{
	struct part parts[SEGMENTS];
	const uint8_t end = terminator(data, size);
	const size_t count = split(data, 0, size, end, parts, SEGMENTS);
	const char *text = segments[die(seed, sizeof(segments) / sizeof(segments[0]))];
	struct part p, q;

	if (!count)
		return size;
	p = parts[die(seed, count)];
	q = parts[die(seed, count)];
	switch (die(seed, 8)) {
	case 0:
		return replace(data, size, most, p, "", 0);
	case 1:
		return insert_copy(data, size, most, p, q.at);
	case 2: /* many of them */
		for (unsigned n = die(seed, 40); n; n--)
			size = insert_copy(data, size, most, p, p.at + p.len);
		return size;
	case 3:
		size = replace(data, size, most, (struct part){ q.at, 0 }, &end, 1);
		return replace(data, size, most, (struct part){ q.at, 0 }, text, strlen(text));
	case 4: /* the message is two */
		return insert_copy(data, size, most, (struct part){ 0, size }, size);
	default:
		return change_field(data, size, most, p, seed);
	}
}

/* Other delimiters, or other line ends, everywhere. */
static void
translate(uint8_t *data, size_t size, unsigned *seed)
{
	static const char from[] = "|^~\\&\r", to[] = "#:;!,\n|^~\\&\r$@*%.";
	const char a = from[die(seed, sizeof(from) - 1)], b = to[die(seed, sizeof(to) - 1)];

	for (size_t i = 0; i < size; i++)
		if (data[i] == (uint8_t)a)
			data[i] = (uint8_t)b;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	const uint32_t what = die(&seed, 16);

	if (what < 3 || size < 3)
		return LLVMFuzzerMutate(data, size, most);
	if (what == 3) {
		translate(data, size, &seed);
		return size;
	}
	for (unsigned n = 1 + die(&seed, 4); n; n--)
		size = change_segments(data, size, most, &seed);
	return size;
}

/* Segments of the one, then of the other. */
size_t
LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
    uint8_t *out, size_t most, unsigned seed)
{
	struct part parts[SEGMENTS];
	size_t count = split(a, 0, a_size, terminator(a, a_size), parts, SEGMENTS), len = 0;

	for (size_t i = 0; i < count && die(&seed, 4); i++) {
		if (len + parts[i].len > most)
			return len;
		memcpy(out + len, a + parts[i].at, parts[i].len);
		len += parts[i].len;
	}
	count = split(b, 0, b_size, terminator(b, b_size), parts, SEGMENTS);
	for (size_t i = count ? die(&seed, count) : 0; i < count; i++) {
		if (len + parts[i].len > most)
			return len;
		memcpy(out + len, b + parts[i].at, parts[i].len);
		len += parts[i].len;
	}
	return len;
}
