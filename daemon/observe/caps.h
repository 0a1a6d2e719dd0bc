/* SPDX-License-Identifier: GPL-2.0-only */
/* caps.h - the capabilities that the daemon uses, and what does not work without each. */
#ifndef TIERED_CAPS_H
#define TIERED_CAPS_H

#include <stddef.h>
#include <stdint.h>

/* How much is lost: all of it, a part, or next to nothing. */
enum caps_weight { CAPS_VITAL, CAPS_PART, CAPS_MINOR };

/**
 * struct caps_need - one capability of the list in the unit
 * @cap: CAP_...
 * @or_cap: one that does as well; @cap itself when there is none
 * @without: what does not work without it
 */
struct caps_need {
	unsigned int cap;
	unsigned int or_cap;
	enum caps_weight weight;
	const char *name;
	const char *without;
};

const struct caps_need *caps_needed(size_t *ret_n);

/* Is what it is for possible with this mask? */
int caps_suffice(uint64_t caps, const struct caps_need *need);

/* Those that are in force for this process, as a mask (bit per CAP_...). 0 or -errno. */
int caps_read(const char *proc_root, uint64_t *ret_caps);

/* The first vital one that is missing; NULL when there is none. */
const struct caps_need *caps_missing(uint64_t caps);

#endif
