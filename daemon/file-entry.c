/* Entries of directories. */
#include "config.h"

#include "daemon/file-entry.h"

static int type_from_wire(int type)
{
	switch ((enum wire_file_type)type) {
	case WIRE_FILE_FILE:
		return FILE_TYPE_FILE;
	case WIRE_FILE_DIRECTORY:
		return FILE_TYPE_DIR;
	case WIRE_FILE_SYMLINK:
		return FILE_TYPE_SYMLINK;
	case WIRE_FILE_UNSPECIFIED:
		break;
	}
	return FILE_TYPE_UNKNOWN;
}

void file_entry_take(struct wire_entry *wire, struct file_entry *ret)
{
	*ret = (struct file_entry){
		.name = take(&wire->name),
		.type = type_from_wire(wire->type),
		.path = take(&wire->path),
		.size = wire->size,
		.mode = wire->mode,
		.permissions = take(&wire->permissions),
		.owner = take(&wire->owner),
		.group = take(&wire->group),
		.modified_time = take(&wire->modified_time),
		.symlink_target = take(&wire->symlink_target),
		.metadata = wire->metadata,
	};
	wire->metadata = (struct string_map){0};
}

void file_written_take(struct wire_written *wire, int64_t bytes, struct file_written *ret)
{
	*ret = (struct file_written){
		.name = take(&wire->name),
		.path = take(&wire->path),
		.type = take(&wire->type),
		.bytes = bytes,
	};
}
