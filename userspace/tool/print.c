// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "tool.h"

static bool json_has_element;

static int json_flags(void)
{
	return JSON_C_TO_STRING_NOSLASHESCAPE |
	       (tool.pretty ? JSON_C_TO_STRING_PRETTY |
			      JSON_C_TO_STRING_SPACED : 0);
}

void json_begin(void)
{
	json_has_element = false;
	if (tool.json)
		putchar('[');
}

void json_element(struct json_object *object)
{
	if (json_has_element)
		putchar(',');
	if (json_has_element || tool.pretty)
		putchar('\n');
	json_has_element = true;
	fputs(json_object_to_json_string_ext(object, json_flags()), stdout);
	json_object_put(object);
}

void json_end(void)
{
	if (!tool.json)
		return;
	if (tool.pretty && json_has_element)
		putchar('\n');
	puts("]");
}

void json_line(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, json_flags()));
	json_object_put(object);
}

static void json_add(struct json_object *object, const char *name,
		     struct json_object *value)
{
	json_object_object_add(object, name, value);
}

void json_add_string(struct json_object *object, const char *name,
		     const char *value)
{
	json_add(object, name, json_object_new_string(value));
}

void json_add_count(struct json_object *object, const char *name,
		    uint64_t value)
{
	json_add(object, name, json_object_new_uint64(value));
}

void json_add_number(struct json_object *object, const char *name,
		     double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3f", value);
	json_add(object, name, json_object_new_double_s(value, text));
}

void json_add_bool(struct json_object *object, const char *name, bool value)
{
	json_add(object, name, json_object_new_boolean(value));
}

void json_add_null(struct json_object *object, const char *name)
{
	json_add(object, name, NULL);
}

struct table *table_new(const char *const *heads, unsigned int right)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t) {
		refused("no memory for the table");
		exit(TOOL_REFUSED);
	}
	t->right = right;
	while (t->columns < TABLE_COLUMNS && heads[t->columns]) {
		snprintf(table_cell(t, t->columns), TABLE_CELL, "%s",
			 heads[t->columns]);
		t->columns++;
	}
	table_row(t);
	return t;
}

char *table_cell(struct table *t, unsigned int column)
{
	return t->cell[t->rows][column];
}

static void table_flush(struct table *t)
{
	unsigned int r, c, last;

	for (r = 0; r < t->rows; r++) {
		for (last = t->columns - 1; last && !t->cell[r][last][0];)
			last--;
		for (c = 0; c <= last; c++) {
			int width = t->width[c];

			if (!(t->right & 1U << c))
				width = c < last ? -width : 0;
			printf("%s%*s", c ? "  " : "", width, t->cell[r][c]);
		}
		putchar('\n');
	}
	memset(t->cell, 0, sizeof(t->cell));
	t->rows = 0;
	t->flushed = true;
}

void table_row(struct table *t)
{
	unsigned int c;

	for (c = 0; c < t->columns; c++) {
		unsigned int len = strlen(table_cell(t, c));

		if (len > t->width[c])
			t->width[c] = len;
	}
	if (++t->rows == TABLE_ROWS)
		table_flush(t);
}

void table_end(struct table *t, int err)
{
	bool empty = !t->flushed && t->rows == 1;

	if (!err || !empty)
		table_flush(t);
	free(t);
}

static const char *format_scaled(uint64_t value, const char *space,
				 const char *unit, char buf[COUNT_TEXT_LEN])
{
	static const char *const scales[] = { "", "k", "M", "G", "T", "P", "E" };
	double v = value;
	int i = 0;

	if (value < 1000) {
		snprintf(buf, COUNT_TEXT_LEN, "%u%s%s", (unsigned int)value,
			 space, unit);
		return buf;
	}
	/* 999.5 would be printed as 1000 of the smaller scale. */
	while (v >= 999.5) {
		v /= 1000;
		i++;
	}
	snprintf(buf, COUNT_TEXT_LEN, "%.*f%s%s%s",
		 v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, space, scales[i], unit);
	return buf;
}

const char *format_count(uint64_t value, char buf[COUNT_TEXT_LEN])
{
	return format_scaled(value, "", "", buf);
}

const char *format_bytes(uint64_t value, char buf[COUNT_TEXT_LEN])
{
	return format_scaled(value, " ", "B", buf);
}
