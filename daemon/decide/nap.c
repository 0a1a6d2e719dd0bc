// SPDX-License-Identifier: GPL-2.0-only
#include "decide/nap.h"

/* A piece is at least this part of the whole. */
#define TOLD_PART 8

int nap_sample(struct nap *nap, uint64_t now_ns, uint64_t cpu_ns)
{
	if (!nap->since_ns || cpu_ns != nap->cpu_ns) {
		*nap = (struct nap){
			.cpu_ns = cpu_ns, .since_ns = now_ns, .sure_ns = now_ns, .told_ns = now_ns
		};
		return 0;
	}
	if (now_ns > nap->sure_ns + NAP_LAG_NS)
		nap->sure_ns = now_ns - NAP_LAG_NS;
	return 1;
}

void nap_forget(struct nap *nap)
{
	*nap = (struct nap){ .since_ns = 0 };
}

int nap_asleep(const struct nap *nap)
{
	return nap->sure_ns > nap->since_ns;
}

uint64_t nap_due_ns(const struct nap *nap)
{
	uint64_t due_ns = nap->sure_ns - nap->told_ns;

	return due_ns >= (nap->sure_ns - nap->since_ns) / TOLD_PART ? due_ns : 0;
}

void nap_told(struct nap *nap)
{
	nap->told_ns = nap->sure_ns;
}
