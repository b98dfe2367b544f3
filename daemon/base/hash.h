/*
 * Intrusive hash tables from strings to objects. The node lives in the object and borrows its key, which
 * must not change while it is in the table.
 */
#ifndef SP_HASH_H
#define SP_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash_node {
	const char *key; /* NULL: in no table */
	uint32_t hash;
	struct hash_node *next;
};

struct hash {
	struct hash_node **buckets; /* `size` of them, a power of two; NULL while it is empty */
	size_t size;
	size_t count;
};

/* The object of that key, or NULL. */
struct hash_node *hash_find(const struct hash *hash, const char *key);

/* Add a node that is in no table; the key must not be there yet. -1 when out of memory. */
int hash_add(struct hash *hash, struct hash_node *node, const char *key)
	__attribute__((warn_unused_result));

/* Harmless when the node is in no table. */
void hash_remove(struct hash *hash, struct hash_node *node);

/* Frees the buckets; the nodes are their owners'. */
void hash_deinit(struct hash *hash);

#endif
