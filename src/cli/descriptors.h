/* SPDX-License-Identifier: MIT */
/*
 * cli/descriptors.h - as many connections as the system allows
 */
#ifndef CLI_DESCRIPTORS_H
#define CLI_DESCRIPTORS_H

/* Raise the soft limit of open files to the hard one. */
void descriptors_raise(void);

#endif
