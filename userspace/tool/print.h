/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output: a JSON array, written object by object so that a long list needs no
 * memory, or columns that align as far as a screenful can tell.
 */
#ifndef EQUIC_TOOL_PRINT_H
#define EQUIC_TOOL_PRINT_H

#include <stdbool.h>
#include <stdint.h>
#include <json-c/json.h>

/* The brackets of the array; nothing without -j. */
void json_begin(void);
void json_end(void);
/* One element; takes the reference. */
void json_element(struct json_object *object);
/* One object on a line of its own, outside any array; takes the reference. */
void json_line(struct json_object *object);

void json_add_string(struct json_object *object, const char *name,
		     const char *value);
void json_add_count(struct json_object *object, const char *name,
		    uint64_t value);
/* To three places behind the point. */
void json_add_number(struct json_object *object, const char *name,
		     double value);
void json_add_bool(struct json_object *object, const char *name, bool value);
void json_add_null(struct json_object *object, const char *name);

#define TABLE_COLUMNS 12
#define TABLE_ROWS 512
#define TABLE_CELL 72

/**
 * struct table - rows kept back until their widths are known
 * @columns: how many
 * @right: bit N set: column N is aligned to the right
 * @rows: how many are kept back
 * @flushed: some were written
 * @width: of each column, as far as known
 * @cell: terminated text
 */
struct table {
	unsigned int columns;
	unsigned int right;
	unsigned int rows;
	bool flushed;
	unsigned int width[TABLE_COLUMNS];
	char cell[TABLE_ROWS][TABLE_COLUMNS][TABLE_CELL];
};

/* @heads: the names above the columns, NULL at the end. */
struct table *table_new(const char *const *heads, unsigned int right);
/* The cells of the next row are table_cell(t, 0) … ; then table_row(). */
char *table_cell(struct table *t, unsigned int column);
void table_row(struct table *t);
/* Writes what is left and frees; after an error no names above nothing. */
void table_end(struct table *t, int err);

#define COUNT_TEXT_LEN 24

/* 999, 12.3k, 4.56M: three digits are enough for a table. */
const char *format_count(uint64_t value, char buf[COUNT_TEXT_LEN]);
/* 999 B, 12.3 kB, 4.56 MB */
const char *format_bytes(uint64_t value, char buf[COUNT_TEXT_LEN]);

#endif
