/* How envd words the end of a process: Go's words (wire §4.6). */
#ifndef SP_EXIT_STATUS_H
#define SP_EXIT_STATUS_H

/* The signal in "signal: killed" or "signal: aborted (core dumped)"; 0 when the text names none. */
int exit_status_signal(const char *status);

#endif
