/* SPDX-License-Identifier: MIT */
/*
 * xml/scan.h - the caps, before the parser
 *
 * A parser meets a tag of 20,000 attributes, or a text of megabytes, by first
 * reading it whole.  One cheap walk over the markup finds what is over a cap,
 * and any DTD, where it begins.
 */
#ifndef XML_SCAN_H
#define XML_SCAN_H

#include "base/faults.h"
#include "base/span.h"

/*
 * `body` is the part of `bytes` behind a byte order mark.  True when nothing is
 * over a cap as far as the markup makes sense; what does not is left to the parser.
 */
bool xml_scan(struct span bytes, struct span body, struct faults *faults);

#endif
