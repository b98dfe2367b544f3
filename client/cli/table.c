/* Columns of text. */
#include "config.h"

#include "client/cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *clean_copy(const char *text)
{
	char *copy = strdup(text ? text : "-");

	for (char *c = copy; c && *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?'; /* names come from elsewhere: no escapes to the terminal */
	}
	return copy;
}

void table_add(struct table *table, const char *const *cells, size_t columns)
{
	char **grown = realloc(table->cells, (table->count + columns) * sizeof(*grown));

	if (!grown)
		return;
	table->cells = grown;
	table->columns = columns;
	for (size_t i = 0; i < columns; i++)
		table->cells[table->count++] = clean_copy(cells[i]);
}

void table_print(const struct table *table)
{
	size_t widths[TABLE_COLUMNS_MAX] = {0};

	for (size_t i = 0; i < table->count; i++) {
		size_t len = table->cells[i] ? strlen(table->cells[i]) : 0;

		if (len > widths[i % table->columns])
			widths[i % table->columns] = len;
	}
	for (size_t i = 0; i < table->count; i++) {
		const char *cell = table->cells[i] ? table->cells[i] : "";

		if ((i + 1) % table->columns == 0)
			(void)printf("%s\n", cell);
		else
			(void)printf("%-*s  ", (int)widths[i % table->columns], cell);
	}
}

void table_deinit(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	*table = (struct table){0};
}
