/* Chained hash tables that double as they fill. FNV-1a; chains are short because the keys are bounded. */
#include "config.h"

#include "daemon/base/hash.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_FIRST 64

static uint32_t hash_of(const char *key)
{
	uint32_t hash = 2166136261u;

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 16777619u;
	return hash;
}

static struct hash_node **bucket_of(const struct hash *hash, uint32_t value)
{
	return &hash->buckets[value & (hash->size - 1)];
}

static int grow(struct hash *hash)
{
	struct hash larger = {.size = hash->size ? 2 * hash->size : SIZE_FIRST};

	larger.buckets = calloc(larger.size, sizeof(struct hash_node *));
	if (!larger.buckets)
		return -1;
	larger.count = hash->count;
	for (size_t i = 0; i < hash->size; i++) {
		struct hash_node *next;

		for (struct hash_node *node = hash->buckets[i]; node; node = next) {
			struct hash_node **bucket = bucket_of(&larger, node->hash);

			next = node->next;
			node->next = *bucket;
			*bucket = node;
		}
	}
	hash_deinit(hash);
	*hash = larger;
	return 0;
}

struct hash_node *hash_find(const struct hash *hash, const char *key)
{
	uint32_t value = hash_of(key);

	if (!hash->buckets)
		return NULL;
	for (struct hash_node *node = *bucket_of(hash, value); node; node = node->next)
		if (node->hash == value && strcmp(node->key, key) == 0)
			return node;
	return NULL;
}

int hash_add(struct hash *hash, struct hash_node *node, const char *key)
{
	struct hash_node **bucket;

	assert(!node->key && !hash_find(hash, key));
	if (hash->count >= hash->size && grow(hash) < 0)
		return -1;
	node->key = key;
	node->hash = hash_of(key);
	bucket = bucket_of(hash, node->hash);
	node->next = *bucket;
	*bucket = node;
	hash->count++;
	return 0;
}

void hash_remove(struct hash *hash, struct hash_node *node)
{
	struct hash_node **at;

	if (!node->key)
		return;
	for (at = bucket_of(hash, node->hash); *at != node; at = &(*at)->next)
		;
	*at = node->next;
	node->key = NULL;
	hash->count--;
}

void hash_deinit(struct hash *hash)
{
	free(hash->buckets);
	*hash = (struct hash){0};
}
