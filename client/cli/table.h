/* Columns of text, as wide as their widest cell. */
#ifndef SP_TABLE_H
#define SP_TABLE_H

#include <stddef.h>

#define TABLE_COLUMNS_MAX 8

struct table {
	size_t columns;
	char **cells; /* row by row */
	size_t count;
};

/* A NULL cell prints as "-". Cells are copied; control characters in them become '?'. */
void table_add(struct table *table, const char *const *cells, size_t columns);
void table_print(const struct table *table);
void table_deinit(struct table *table);

#endif
