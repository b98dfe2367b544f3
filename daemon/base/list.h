/*
 * Intrusive doubly linked lists. The link lives in the object; container_of gets the object back.
 *
 *	struct conn { struct list link; };          (a member of server.conns)
 *	list_for_each(struct conn, conn, &server->conns, link) …
 *
 * A list head is a link that belongs to no object. A link that is on no list points to itself.
 */
#ifndef SP_LIST_H
#define SP_LIST_H

#include <stdbool.h>
#include <stddef.h>

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

struct list {
	struct list *prev;
	struct list *next;
};

static inline void list_init(struct list *list)
{
	list->prev = list;
	list->next = list;
}

static inline bool list_is_empty(const struct list *head)
{
	return head->next == head;
}

/* Insert `link` at the end of the list; it must be on no list. */
static inline void list_append(struct list *head, struct list *link)
{
	link->prev = head->prev;
	link->next = head;
	head->prev->next = link;
	head->prev = link;
}

static inline void list_prepend(struct list *head, struct list *link)
{
	list_append(head->next, link);
}

/* Take `link` off whatever list it is on; harmless when it is on none. */
static inline void list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}

/* Put all that is on `from` at the end of `to`. */
static inline void list_move_all(struct list *from, struct list *to)
{
	if (list_is_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(link, type, member) container_of(link, type, member)

/* The first object, or NULL. */
#define list_first(head, type, member)                                                             \
	(list_is_empty(head) ? NULL : list_entry((head)->next, type, member))

/* The body may not take objects off the list. */
#define list_for_each(type, it, head, member)                                                      \
	for (type *it = list_entry((head)->next, type, member); &it->member != (head);             \
	     it = list_entry(it->member.next, type, member))

/* The body may take `it` off the list and free it. */
#define list_for_each_safe(type, it, head, member)                                                 \
	for (type *it = list_entry((head)->next, type, member),                                    \
		  *it##_next = list_entry(it->member.next, type, member);                          \
	     &it->member != (head);                                                                \
	     it = it##_next, it##_next = list_entry(it->member.next, type, member))

#endif
