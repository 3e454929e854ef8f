/* SPDX-License-Identifier: MIT */
/*
 * conf/meaning.h - settings held against each other
 */
#ifndef CONF_MEANING_H
#define CONF_MEANING_H

#include "conf/conf.h"
#include "xml/xml.h"

/*
 * Report what cannot be together.  `root` gives the places, and is NULL for
 * settings from flags; `sound` when every value could be read.
 */
void conf_meaning(
    const struct conf *conf, const struct xml_element *root, bool sound, struct faults *faults);

/* Parts of it, behind the last flag: one alone does not tell which others come. */
void conf_meaning_log(const struct conf *conf, struct fault_place at, struct faults *faults);
void conf_meaning_metrics(const struct conf *conf, struct fault_place at, struct faults *faults);
void conf_meaning_store(
    const struct conf *conf, const struct xml_element *root, struct faults *faults);

#endif
