/* SPDX-License-Identifier: MIT */
/*
 * conf/load.h - a configuration before it is finished
 */
#ifndef CONF_LOAD_H
#define CONF_LOAD_H

#include "conf/conf.h"

/* With all defaults and without feeds; NULL when there is no memory. */
struct conf *conf_empty(void);
/* `conf`, or NULL when it does not stand: faults since `before`, or no memory. */
struct conf *conf_finish(struct conf *conf, bool no_memory, size_t before, struct faults *faults);

#endif
