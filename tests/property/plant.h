/* SPDX-License-Identifier: MIT */
/*
 * property/plant.h - results that rules are for, planted into other messages
 *
 * Real messages are odd in ways nobody makes up, but few carry B2M.  Planting
 * gives every n-th result of a message a mapped code and unit and leaves all
 * else as it came.
 */
#ifndef PROPERTY_PLANT_H
#define PROPERTY_PLANT_H

#include "base/buffer.h"

/* Appends the stream with every `nth` OBX planted, counted through the stream. */
void plant(struct span stream, unsigned nth, struct buffer *out);

#endif
