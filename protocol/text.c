/* Walking valid JSON text. Every loop here ends because the text is known to be well-formed. */
#include "config.h"

#include "protocol/text.h"

#include <string.h>

const char *text_skip_space(const char *at)
{
	while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
		at++;
	return at;
}

/* From an opening quote to behind the closing one. */
static const char *skip_string(const char *at)
{
	for (at++; *at != '"'; at++) {
		if (*at == '\\')
			at++;
	}
	return at + 1;
}

/* From an opening bracket to behind the closing one. */
static const char *skip_container(const char *at)
{
	size_t depth = 0;

	do {
		switch (*at) {
		case '"':
			at = skip_string(at);
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			depth--;
			break;
		default:
			break;
		}
		at++;
	} while (depth > 0);
	return at;
}

static const char *skip_value(const char *at)
{
	if (*at == '"')
		return skip_string(at);
	if (*at == '{' || *at == '[')
		return skip_container(at);
	return at + strcspn(at, ",]} \t\n\r");
}

/* Behind a bracket or comma: to the next thing; false when there is none. */
static bool go_on(const char **at)
{
	*at = text_skip_space(*at);
	if (**at == '}' || **at == ']')
		return false;
	*at = text_skip_space(*at + 1);
	return **at != '}' && **at != ']';
}

static struct text_span take_value(const char **at)
{
	struct text_span value = {.at = *at};

	*at = skip_value(*at);
	value.len = (size_t)(*at - value.at);
	return value;
}

bool text_next_element(const char **at, struct text_span *ret_value)
{
	if (!go_on(at))
		return false;
	*ret_value = take_value(at);
	return true;
}

bool text_next_member(const char **at, struct text_span *ret_key, struct text_span *ret_value)
{
	struct text_span key;

	if (!go_on(at))
		return false;
	key = take_value(at);
	*ret_key = (struct text_span){key.at + 1, key.len - 2};
	*at = text_skip_space(text_skip_space(*at) + 1); /* the colon */
	*ret_value = take_value(at);
	return true;
}
