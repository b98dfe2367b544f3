/* Field tables of file.*. */
#include "config.h"

#include "protocol/types-parts.h"

static const char *const file_types[] = {
	[FILE_TYPE_UNKNOWN] = "unknown",
	[FILE_TYPE_FILE] = "file",
	[FILE_TYPE_DIR] = "dir",
	[FILE_TYPE_SYMLINK] = "symlink",
	NULL,
};

#define P_IDLE_REQUEST_TIMEOUT(T)                                                                  \
	F_NUMBER(struct T, request_timeout, .min = 0, .max = TIMEOUT_MAX_S, .absent = 60,          \
		 .doc = "seconds without progress until the call fails with timeout; 0 means "     \
			"never")
#define P_PROGRESS(T) F_BOOL(struct T, progress, .doc = "send transfer.progress with fd or stream")

/* clang-format off */
const struct fields file_params_type = {
	"FileParams", TABLE(file_params){
	P_SANDBOX_ID(file_params),
	P_PATH(file_params, path),
	P_USER(file_params),
	P_REQUEST_TIMEOUT(file_params),
	F_END,
}};

const struct fields file_read_params_type = {
	"FileReadParams", TABLE(file_read_params){
	P_SANDBOX_ID(file_read_params),
	P_PATH(file_read_params, path),
	P_USER(file_read_params),
	F_INT(struct file_read_params, offset, .min = 0, .max = INT64_MAX,
	      .doc = "first byte wanted"),
	F_INT(struct file_read_params, length, .min = 0, .max = INT64_MAX,
	      .absent = TYPES_UNSET,
	      .doc = "most bytes wanted; to the end of the file when absent"),
	P_FD(file_read_params, fd, "index of a descriptor to write the bytes to"),
	F_BOOL(struct file_read_params, stream,
	       .doc = "send the bytes as transfer.data, ahead of the result"),
	P_PROGRESS(file_read_params),
	P_IDLE_REQUEST_TIMEOUT(file_read_params),
	F_END,
}};

const struct fields file_read_result_type = {
	"FileReadResult", TABLE(file_read_result){
	F_BYTES(struct file_read_result, data, .doc = "the bytes; absent with fd or stream"),
	F_INT(struct file_read_result, bytes, .doc = "how many bytes were read"),
	F_INT(struct file_read_result, size, .absent = TYPES_UNSET, .optional = true,
	      .doc = "size of the file, where it is known"),
	F_END,
}};

const struct fields file_write_params_type = {
	"FileWriteParams", TABLE(file_write_params){
	P_SANDBOX_ID(file_write_params),
	P_PATH(file_write_params, path),
	P_USER(file_write_params),
	F_BYTES(struct file_write_params, data, .max = FILE_INLINE_MAX,
		.doc = "the whole content; or fd, or stream"),
	P_FD(file_write_params, fd, "index of a descriptor to read the content from, to its end"),
	F_BOOL(struct file_write_params, stream, .doc = "the content follows as transfer.data"),
	P_PROGRESS(file_write_params),
	P_IDLE_REQUEST_TIMEOUT(file_write_params),
	F_END,
}};

const struct fields file_written_type = {
	"FileWritten", TABLE(file_written){
	F_STRING(struct file_written, name, .doc = "last component of the path"),
	F_STRING(struct file_written, path, .doc = "the absolute path"),
	F_STRING(struct file_written, type, .doc = "\"file\""),
	F_INT(struct file_written, bytes, .doc = "how many bytes were written"),
	F_END,
}};

const struct fields file_item_type = {
	"FileItem", TABLE(file_item){
	P_PATH(file_item, path),
	F_BYTES(struct file_item, data, .required = true, .max = FILE_INLINE_MAX,
		.doc = "the whole content"),
	F_END,
}};

const struct fields file_write_many_params_type = {
	"FileWriteManyParams", TABLE(file_write_many_params){
	P_SANDBOX_ID(file_write_many_params),
	F_LIST(struct file_write_many_params, files, .required = true, .max = 1000,
	       .type = &file_item_type, .doc = "the files, written in this order"),
	P_USER(file_write_many_params),
	P_IDLE_REQUEST_TIMEOUT(file_write_many_params),
	F_END,
}};

const struct fields file_write_many_result_type = {
	"FileWriteManyResult", TABLE(file_write_many_result){
	F_LIST(struct file_write_many_result, files, .type = &file_written_type,
	       .doc = "in the order of the request"),
	F_END,
}};

const struct fields file_list_params_type = {
	"FileListParams", TABLE(file_list_params){
	P_SANDBOX_ID(file_list_params),
	P_PATH(file_list_params, path),
	F_INT(struct file_list_params, depth, .min = 1, .max = 1000, .absent = 1,
	      .doc = "1 lists the directory alone, 2 its subdirectories too, and so on"),
	P_USER(file_list_params),
	P_REQUEST_TIMEOUT(file_list_params),
	F_END,
}};

const struct fields file_rename_params_type = {
	"FileRenameParams", TABLE(file_rename_params){
	P_SANDBOX_ID(file_rename_params),
	P_PATH(file_rename_params, old_path),
	P_PATH(file_rename_params, new_path),
	P_USER(file_rename_params),
	P_REQUEST_TIMEOUT(file_rename_params),
	F_END,
}};

const struct fields file_entry_type = {
	"FileEntry", TABLE(file_entry){
	F_STRING(struct file_entry, name, .doc = "last component of the path"),
	F_ENUM(struct file_entry, type, .names = file_types,
	       .doc = "\"file\", \"dir\", \"symlink\", or \"unknown\" for anything else"),
	F_STRING(struct file_entry, path, .doc = "the absolute path"),
	F_INT(struct file_entry, size, .doc = "in bytes"),
	F_INT(struct file_entry, mode, .doc = "permission bits"),
	F_STRING(struct file_entry, permissions, .doc = "type and mode in letters"),
	F_STRING(struct file_entry, owner, .doc = "user name, or number"),
	F_STRING(struct file_entry, group, .doc = "group name, or number"),
	F_STRING(struct file_entry, modified_time, .doc = "when its content last changed"),
	F_STRING(struct file_entry, symlink_target, .doc = "where a symbolic link leads"),
	F_MAP(struct file_entry, metadata, .doc = "labels of the file"),
	F_END,
}};

const struct fields file_list_result_type = {
	"FileListResult", TABLE(file_list_result){
	F_LIST(struct file_list_result, entries, .type = &file_entry_type,
	       .doc = "depth first, each directory sorted and followed by its content"),
	F_END,
}};

const struct fields file_exists_result_type = {
	"FileExistsResult", TABLE(file_exists_result){
	F_BOOL(struct file_exists_result, exists, .doc = "whether the path exists"),
	F_END,
}};

const struct fields file_mkdir_result_type = {
	"FileMkdirResult", TABLE(file_mkdir_result){
	F_BOOL(struct file_mkdir_result, created, .doc = "false when the directory was there"),
	F_END,
}};
/* clang-format on */
