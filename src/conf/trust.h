/* SPDX-License-Identifier: MIT */
/*
 * conf/trust.h - who is believed: TLS, its peers, and the senders of a feed
 */
#ifndef CONF_TRUST_H
#define CONF_TRUST_H

#include "conf/conf.h"
#include "xml/xml.h"

/* Report what cannot be together; these settings are those of a file only. */
void conf_trust(const struct conf_feed *feed, const struct xml_element *e, struct faults *faults);

#endif
