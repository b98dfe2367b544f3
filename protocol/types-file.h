/* Parameters and results of file.*, watch.* and transfers; included by types.h. */
#ifndef SP_TYPES_FILE_H
#define SP_TYPES_FILE_H

#include "protocol/fields.h"

/* How many bytes of a stream may be under way before transfer.credit (PROTOCOL.md, "Transfers"). */
#define TRANSFER_WINDOW (1u << 20)
/* Most bytes that file.read returns in its result, and file.write takes in its params. */
#define FILE_INLINE_MAX (8u << 20)

#define TYPE(T) extern const struct fields T##_type

/* ---- file ------------------------------------------------------------------------------------ */

struct file_params { /* exists, stat, remove, mkdir */
	char *sandbox_id;
	char *path;
	char *user;
	double request_timeout;
};
TYPE(file_params);

struct file_read_params {
	char *sandbox_id;
	char *path;
	char *user;
	int64_t offset;
	int64_t length; /* TYPES_UNSET: to the end */
	int64_t fd;     /* TYPES_UNSET: none */
	bool stream;
	bool progress;
	double request_timeout;
};
TYPE(file_read_params);

struct file_read_result {
	struct bytes data; /* absent with fd or stream */
	int64_t bytes;     /* how many were read */
	int64_t size;      /* of the file, where it is known */
};
TYPE(file_read_result);

struct file_write_params {
	char *sandbox_id;
	char *path;
	char *user;
	struct bytes data;
	int64_t fd;
	bool stream;
	bool progress;
	double request_timeout;
};
TYPE(file_write_params);

struct file_written {
	char *name;
	char *path;
	char *type;
	int64_t bytes;
};
TYPE(file_written);

struct file_item {
	char *path;
	struct bytes data;
};
TYPE(file_item);

struct file_write_many_params {
	char *sandbox_id;
	struct list_value files; /* of struct file_item */
	char *user;
	double request_timeout;
};
TYPE(file_write_many_params);

struct file_write_many_result {
	struct list_value files; /* of struct file_written */
};
TYPE(file_write_many_result);

struct file_list_params {
	char *sandbox_id;
	char *path;
	int64_t depth;
	char *user;
	double request_timeout;
};
TYPE(file_list_params);

struct file_rename_params {
	char *sandbox_id;
	char *old_path;
	char *new_path;
	char *user;
	double request_timeout;
};
TYPE(file_rename_params);

enum file_type { FILE_TYPE_UNKNOWN, FILE_TYPE_FILE, FILE_TYPE_DIR, FILE_TYPE_SYMLINK };

struct file_entry {
	char *name;
	int type; /* enum file_type */
	char *path;
	int64_t size;
	int64_t mode;
	char *permissions;
	char *owner;
	char *group;
	char *modified_time;
	char *symlink_target;
	struct string_map metadata;
};
TYPE(file_entry);

struct file_list_result {
	struct list_value entries; /* of struct file_entry */
};
TYPE(file_list_result);

struct file_exists_result {
	bool exists;
};
TYPE(file_exists_result);

struct file_mkdir_result {
	bool created; /* false: it was there */
};
TYPE(file_mkdir_result);

/* ---- watch ----------------------------------------------------------------------------------- */

struct watch_start_params {
	char *sandbox_id;
	char *path;
	bool recursive;
	bool include_entry;
	bool allow_network_mounts;
	bool stream;
	char *user;
	double timeout;
	double request_timeout;
};
TYPE(watch_start_params);

struct watch_start_result {
	char *watch_id;
};
TYPE(watch_start_result);

struct watch_params {
	char *sandbox_id;
	char *watch_id;
	double request_timeout;
};
TYPE(watch_params);

enum watch_change {
	WATCH_UNKNOWN,
	WATCH_CREATE,
	WATCH_WRITE,
	WATCH_REMOVE,
	WATCH_RENAME,
	WATCH_CHMOD,
	WATCH_END
};

struct watch_event {
	char *sandbox_id;
	char *watch_id;
	int type;   /* enum watch_change */
	char *name; /* NULL with WATCH_END */
	struct file_entry *entry;
	char *error;      /* kind; with WATCH_END */
	char *error_text; /* on our wire "message" */
};
TYPE(watch_event);

struct watch_noted {
	int type; /* enum watch_change */
	char *name;
	struct file_entry *entry;
};

struct watch_events_result {
	struct list_value events; /* of struct watch_noted */
};
TYPE(watch_events_result);

/* ---- transfers ------------------------------------------------------------------------------- */

struct transfer_data { /* both ways; `id` is the id of the call it belongs to */
	char *id;      /* JSON: an integer or a string */
	int64_t offset;
	struct bytes data;
	bool end; /* client to daemon: the file is complete */
};
TYPE(transfer_data);

struct transfer_credit { /* both ways: so many more bytes may be sent */
	char *id;        /* JSON */
	int64_t bytes;
};
TYPE(transfer_credit);

struct transfer_progress {
	char *id; /* JSON */
	int64_t bytes;
	int64_t total; /* TYPES_UNSET: not known */
};
TYPE(transfer_progress);

#undef TYPE

#endif
