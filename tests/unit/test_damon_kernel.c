// SPDX-License-Identifier: GPL-2.0-only
/* What the type information of a kernel says of its DAMON. */
#include <bpf/btf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bpf/damon.h"

static struct btf *kernel_make(const char *first, const char *second)
{
	struct btf *btf = btf__new_empty();
	int type;

	assert_non_null(btf);
	type = btf__add_func_proto(btf, 0);
	assert_true(type > 0);
	assert_true(btf__add_func(btf, first, BTF_FUNC_STATIC, type) > 0);
	if (second)
		assert_true(btf__add_func(btf, second, BTF_FUNC_STATIC, type) > 0);
	return btf;
}

static void test_operations_that_are_missing(void **state)
{
	static const struct {
		const char *first, *second, *lacks;
	} kernels[] = {
		{ "damon_va_initcall", "damon_pa_initcall", NULL },
		{ "damon_va_initcall", NULL, "paddr" },
		{ "damon_pa_initcall", NULL, "vaddr" },
		/* Those of a kernel that names them otherwise. */
		{ "damon_of_tomorrow", NULL, NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		struct btf *kernel = kernel_make(kernels[i].first, kernels[i].second);
		const char *lacks = bpf_damon_lacks(kernel);

		if (kernels[i].lacks)
			assert_string_equal(lacks, kernels[i].lacks);
		else
			assert_null(lacks);
		btf__free(kernel);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operations_that_are_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
