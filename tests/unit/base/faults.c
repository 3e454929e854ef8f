/* SPDX-License-Identifier: MIT */
#include "base/faults.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static char *
printed(const struct faults *f)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	faults_print(f, out);
	fclose(out);
	return text;
}

Test(faults, print_in_the_order_of_the_file)
{
	struct faults f;
	char *text;

	faults_init(&f, "b2m.xml");
	faults_add(&f, (struct fault_place){ 12, 3 }, "write \"yes\" or \"no\"", "what is \"%s\"",
	    "maybe");
	faults_add(&f, (struct fault_place){ 2, 7 }, "", "line %d", 2);
	faults_add(&f, (struct fault_place){ 12, 1 }, "", "first in its line");
	faults_add(&f, (struct fault_place){ 0, 0 }, NULL, "of the whole file");
	faults_add(&f, (struct fault_place){ 3, 0 }, "", "somewhere in the line");
	faults_sort(&f);
	text = printed(&f);
	cr_expect_str_eq(text, "b2m.xml: of the whole file\n"
			       "b2m.xml:2:7: line 2\n"
			       "b2m.xml:3: somewhere in the line\n"
			       "b2m.xml:12:1: first in its line\n"
			       "b2m.xml:12:3: what is \"maybe\"; write \"yes\" or \"no\"\n");
	cr_expect(f.count == 5 && f.total == 5);
	free(text);
	faults_finish(&f);
	cr_expect(f.count == 0 && f.total == 0);
}

Test(faults, are_counted_when_there_are_too_many)
{
	struct faults f;
	char *text;

	faults_init(&f, "x");
	for (unsigned i = 1; i <= FAULTS_MOST + 5; i++)
		faults_add(&f, (struct fault_place){ i, 1 }, "", "fault");
	cr_expect(f.count == FAULTS_MOST && f.total == FAULTS_MOST + 5);
	text = printed(&f);
	cr_expect_not_null(strstr(text, "x:1000:1: fault\nx: and 5 more faults\n"));
	free(text);
	faults_finish(&f);
}

Test(faults, send_no_control_bytes_to_a_terminal)
{
	struct faults f;
	char *text;

	faults_init(&f, "x");
	faults_add(
	    &f, (struct fault_place){ 1, 1 }, "a\x7f", "%s", "\x1b[2J\n\xc2\xb5\xc2\x9b\xff");
	text = printed(&f);
	cr_expect_str_eq(text, "x:1:1: ?[2J?\xc2\xb5??; a?\n");
	free(text);
	faults_finish(&f);
}
